package org.bonepeft.reference;

import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bonepeft.adapter.AdapterGraphs;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Evaluation;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.graph.Gradients;
import org.bonepeft.graph.Graph;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.bonepeft.testkit.GoldenFolder;
import org.bonepeft.testkit.GoldenMethods;
import org.bonepeft.testkit.LayerCase;
import org.bonepeft.testkit.Reference;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Every golden layer, in every evaluation of its method: values, weights and gradients. */
class GoldenLayerReferenceTest {
    @TestFactory
    Stream<DynamicTest> layers() throws IOException {
        return GoldenFolder.get().layers().stream().flatMap(file -> {
            LayerCase layer;
            try {
                layer = LayerCase.read(file);
            } catch (IOException e) {
                return Stream.of(dynamicTest(file.toString(), () -> {
                    throw e;
                }));
            }
            return GoldenMethods.of(layer)
                    .map(method -> tests(layer, method))
                    .orElseGet(() -> Stream.of(dynamicTest(
                            layer + ": " + layer.method(), () -> abort("no method named " + layer.method()))));
        });
    }

    private static Stream<DynamicTest> tests(LayerCase layer, AdapterMethod method) {
        Shape weight = layer.tensor("weight").shape();
        boolean bias = layer.tensors().containsKey("bias");
        LayerSpec spec = new LayerSpec(layer.name(), weight.dim(1), weight.dim(0), bias, DType.F64, DType.F64);
        Stream<DynamicTest> forward = method.evaluations().stream()
                .map(evaluation -> dynamicTest(
                        layer + " " + evaluation, () -> forwardAndBackward(layer, method, spec, evaluation)));
        return Stream.concat(forward, Stream.of(dynamicTest(layer + " weights", () -> weights(layer, method, spec))));
    }

    private static void forwardAndBackward(
            LayerCase layer, AdapterMethod method, LayerSpec spec, Evaluation evaluation) {
        Graph graph = AdapterGraphs.forward(method, spec, evaluation, true);
        Map<String, DoubleTensor> inputs = inputs(layer);
        inputs.put("x", rows(layer.tensor("x"), spec.in()));
        inputs.put(Gradients.COTANGENT, rows(layer.tensor("dy"), spec.out()));
        check("y", Reference.run(graph, inputs), layer.tensor("y"));

        List<String> wrt = new ArrayList<>(List.of("x"));
        wrt.addAll(layer.params().keySet());
        Map<String, DoubleTensor> gradients = Gradients.of(graph, wrt).evaluate(new ReferenceBackend(), inputs);
        check("dx", Reference.get(gradients, "x"), layer.tensor("dx"));
        layer.grads().forEach((name, expected) -> check("grad." + name, Reference.get(gradients, name), expected));
    }

    private static void weights(LayerCase layer, AdapterMethod method, LayerSpec spec) {
        Map<String, DoubleTensor> inputs = inputs(layer);
        check("delta", Reference.run(AdapterGraphs.delta(method, spec), inputs), layer.tensor("delta"));
        check("merged", Reference.run(AdapterGraphs.merged(method, spec), inputs), layer.tensor("merged"));
        AdapterGraphs.inverse(method, spec).ifPresent(graph -> {
            inputs.put("merged", tensor(layer.tensor("merged")));
            check("weight", Reference.run(graph, inputs), layer.tensor("weight"));
        });
    }

    private static Map<String, DoubleTensor> inputs(LayerCase layer) {
        Map<String, DoubleTensor> inputs = new LinkedHashMap<>();
        layer.tensors().forEach((name, array) -> {
            if (name.equals("weight") || name.equals("bias")) {
                inputs.put(name, tensor(array));
            }
        });
        layer.params().forEach((name, array) -> inputs.put(name, tensor(array)));
        return inputs;
    }

    private static DoubleTensor tensor(LayerCase.Array array) {
        return DoubleTensor.of(array.shape(), array.values());
    }

    private static DoubleTensor rows(LayerCase.Array array, long features) {
        return DoubleTensor.of(Shape.of(array.values().length / features, features), array.values());
    }

    private static void check(String what, DoubleTensor actual, LayerCase.Array expected) {
        Tolerance.FLOAT64.check(what, actual.toArray(), expected.values());
    }
}
