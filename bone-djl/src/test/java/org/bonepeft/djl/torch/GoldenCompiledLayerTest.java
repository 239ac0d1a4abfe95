package org.bonepeft.djl.torch;

import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bonepeft.adapter.AdapterGraphs;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Evaluation;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.djl.backend.GraphRunner;
import org.bonepeft.graph.Graph;
import org.bonepeft.tensor.DType;
import org.bonepeft.testkit.GoldenFolder;
import org.bonepeft.testkit.GoldenMethods;
import org.bonepeft.testkit.LayerCase;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Every golden layer in every evaluation of its method, compiled and op by op, in float64 and float32: values with and
 * without recording, gradients, weights.
 */
class GoldenCompiledLayerTest {
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
                    .map(method -> Stream.of(DType.F64, DType.F32).flatMap(type -> tests(layer, method, type)))
                    .orElseGet(() -> Stream.of(dynamicTest(
                            layer + ": " + layer.method(), () -> abort("no method named " + layer.method()))));
        });
    }

    private static Stream<DynamicTest> tests(LayerCase layer, AdapterMethod method, DType type) {
        long[] weight = layer.tensor("weight").shape().toArray();
        boolean bias = layer.tensors().containsKey("bias");
        LayerSpec spec = new LayerSpec(layer.name(), weight[1], weight[0], bias, type, type);
        Stream<DynamicTest> forward = method.evaluations().stream()
                .map(evaluation -> dynamicTest(
                        layer + " " + evaluation + " " + type, () -> forward(layer, method, spec, evaluation)));
        return Stream.concat(
                forward, Stream.of(dynamicTest(layer + " weights " + type, () -> weights(layer, method, spec))));
    }

    private static void forward(LayerCase layer, AdapterMethod method, LayerSpec spec, Evaluation evaluation) {
        Graph graph = AdapterGraphs.forward(method, spec, evaluation, true);
        try (NDManager manager = NDManager.newBaseManager()) {
            for (GraphRunner runner : runners(manager)) {
                Map<String, NDArray> inputs = inputs(manager, layer, spec);
                check(spec, "y", runner.run(graph, inputs, manager), layer.tensor("y"));
                inputs.forEach((name, array) -> array.setRequiresGradient(!name.equals("weight")));
                NDArray y = TorchAutograd.with(true, () -> {
                    NDArray recorded = runner.run(graph, inputs, manager);
                    TorchAutograd.backward(recorded, rows(manager, spec, layer.tensor("dy"), spec.out()));
                    return recorded;
                });
                check(spec, "y recorded", y.stopGradient(), layer.tensor("y"));
                check(spec, "dx", gradient(inputs, "x"), layer.tensor("dx"));
                layer.grads()
                        .forEach((name, expected) -> check(spec, "grad." + name, gradient(inputs, name), expected));
            }
        }
    }

    private static void weights(LayerCase layer, AdapterMethod method, LayerSpec spec) {
        try (NDManager manager = NDManager.newBaseManager()) {
            for (GraphRunner runner : runners(manager)) {
                Map<String, NDArray> inputs = inputs(manager, layer, spec);
                Graph merge = AdapterGraphs.merged(method, spec);
                check(spec, "merged", runner.run(merge, inputs, manager), layer.tensor("merged"));
                AdapterGraphs.inverse(method, spec).ifPresent(graph -> {
                    inputs.put("merged", array(manager, spec, layer.tensor("merged")));
                    check(spec, "weight", runner.run(graph, inputs, manager), layer.tensor("weight"));
                });
            }
        }
    }

    private static Iterable<GraphRunner> runners(NDManager manager) {
        return List.of(TorchGraphRunner.of(manager), GraphRunner.opByOp());
    }

    private static NDArray gradient(Map<String, NDArray> inputs, String name) {
        return TorchAutograd.gradient(inputs.get(name)).orElseThrow();
    }

    private static Map<String, NDArray> inputs(NDManager manager, LayerCase layer, LayerSpec spec) {
        Map<String, NDArray> inputs = new LinkedHashMap<>();
        inputs.put("x", rows(manager, spec, layer.tensor("x"), spec.in()));
        inputs.put("weight", array(manager, spec, layer.tensor("weight")));
        if (spec.bias()) {
            inputs.put("bias", array(manager, spec, layer.tensor("bias")));
        }
        layer.params().forEach((name, values) -> inputs.put(name, array(manager, spec, values)));
        return inputs;
    }

    private static NDArray rows(NDManager manager, LayerSpec spec, LayerCase.Array values, long features) {
        return array(manager, spec, values).reshape(-1, features);
    }

    private static NDArray array(NDManager manager, LayerSpec spec, LayerCase.Array values) {
        DataType type = spec.weightType() == DType.F64 ? DataType.FLOAT64 : DataType.FLOAT32;
        return manager.create(values.values())
                .reshape(new Shape(values.shape().toArray()))
                .toType(type, true);
    }

    private static void check(LayerSpec spec, String what, NDArray actual, LayerCase.Array expected) {
        Tolerance tolerance = spec.weightType() == DType.F64 ? Tolerance.FLOAT64 : Tolerance.FLOAT32;
        tolerance.check(what, Wave.doubles(actual), expected.values());
    }
}
