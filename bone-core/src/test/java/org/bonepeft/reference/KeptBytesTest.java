package org.bonepeft.reference;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.bonepeft.adapter.AdapterGraphs;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.AdapterParameter;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Dora;
import org.bonepeft.adapter.Evaluation;
import org.bonepeft.adapter.Grouping;
import org.bonepeft.adapter.Hadamard;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.adapter.Lora;
import org.bonepeft.adapter.MissMini;
import org.bonepeft.adapter.Unconstrained;
import org.bonepeft.graph.Backend;
import org.bonepeft.graph.Gradients;
import org.bonepeft.graph.Graph;
import org.bonepeft.graph.Tensor;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.bonepeft.testkit.Reference;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The memory that the backward pass reads, watched while it runs, is what the cost says is kept for it. */
class KeptBytesTest {
    static Stream<Arguments> cases() {
        return Stream.<AdapterMethod>of(
                        new Bone(3),
                        new Bone(3, Grouping.ROW),
                        new MissMini(3, 2),
                        new Bat(3),
                        new Bat(3, Grouping.ROW),
                        new Bat(3, Grouping.GROUP, 2),
                        new Hadamard(3),
                        new Hadamard(3, Grouping.ROW),
                        new Unconstrained(3),
                        new Lora(3, 5),
                        new Dora(3, 5))
                .flatMap(method -> method.evaluations().stream().map(evaluation -> Arguments.of(method, evaluation)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void keptBytes(AdapterMethod method, Evaluation evaluation) {
        LayerSpec layer = new LayerSpec("q", 6, 12, true, DType.F64, DType.F64);
        long tokens = 7;
        Map<String, DoubleTensor> inputs = new LinkedHashMap<>();
        inputs.put("x", Reference.random(Shape.of(tokens, 6), 1));
        inputs.put("weight", Reference.random(Shape.of(12, 6), 2));
        inputs.put("bias", Reference.random(Shape.of(12), 3));
        inputs.put(Gradients.COTANGENT, Reference.random(Shape.of(tokens, 12), 4));
        List<String> wrt = new ArrayList<>(List.of("x"));
        for (AdapterParameter parameter : method.parameters(layer)) {
            inputs.put(parameter.name(), Reference.random(parameter.shape(), 5));
            wrt.add(parameter.name());
        }
        Graph forward = AdapterGraphs.forward(method, layer, evaluation, true);
        Graph backward = Gradients.of(forward, wrt);
        Map<String, Tensor> outputs = new LinkedHashMap<>(forward.outputs());
        outputs.putAll(backward.outputs());
        Graph both = Graph.of("both", List.copyOf(backward.inputs().values()), outputs);

        Watch watch = new Watch(forward, inputs);
        both.evaluate(watch.backend(), inputs);
        assertThat(AdapterGraphs.cost(method, layer, evaluation, true)
                        .keptBytes()
                        .at(tokens))
                .isEqualTo(
                        8.0 * watch.kept.stream().mapToLong(data -> data.length).sum());
    }

    /** Notes which arrays of the forward pass the backward pass reads; an expandAs needs a shape only. */
    private static final class Watch {
        private final ReferenceBackend reference = new ReferenceBackend();
        private final Set<double[]> made = Collections.newSetFromMap(new IdentityHashMap<>());
        private final Set<double[]> given = Collections.newSetFromMap(new IdentityHashMap<>());
        private final Set<double[]> kept = Collections.newSetFromMap(new IdentityHashMap<>());
        private long forwardCalls;

        Watch(Graph forward, Map<String, DoubleTensor> inputs) {
            forwardCalls = forward.nodes().size() - forward.inputs().size();
            inputs.values().forEach(input -> given.add(input.data()));
        }

        @SuppressWarnings("unchecked")
        Backend<DoubleTensor> backend() {
            return (Backend<DoubleTensor>) Proxy.newProxyInstance(
                    getClass().getClassLoader(), new Class<?>[] {Backend.class}, (proxy, call, arguments) -> {
                        if (call.getName().equals("release")) {
                            return null;
                        }
                        boolean backward = forwardCalls-- <= 0;
                        if (backward && !call.getName().equals("expandAs")) {
                            Stream.of(arguments)
                                    .filter(DoubleTensor.class::isInstance)
                                    .map(argument -> ((DoubleTensor) argument).data())
                                    .filter(made::contains)
                                    .forEach(kept::add);
                        }
                        try {
                            DoubleTensor result = (DoubleTensor) call.invoke(reference, arguments);
                            if (!backward && !given.contains(result.data())) {
                                made.add(result.data());
                            }
                            return result;
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    });
        }
    }
}
