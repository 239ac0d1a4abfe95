package org.bonepeft.djl;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.djl.backend.GraphRunner;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.djl.torch.TorchGraphRunner;
import org.bonepeft.testkit.GoldenFolder;
import org.bonepeft.testkit.GoldenMethods;
import org.bonepeft.testkit.LayerCase;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Adapted layers in DJL, op by op and compiled, against every golden layer: y, dx and all parameter gradients. */
class GoldenAdaptedLinearTest {
    @TestFactory
    Stream<DynamicTest> layers() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (Path file : GoldenFolder.get().layers()) {
            LayerCase layer = LayerCase.read(file);
            Optional<AdapterMethod> method = GoldenMethods.of(layer);
            if (method.isEmpty()) {
                tests.add(dynamicTest(layer + ": no method " + layer.method(), Assumptions::abort));
                continue;
            }
            for (boolean compiled : new boolean[] {false, true}) {
                for (DataType type : List.of(DataType.FLOAT32, DataType.FLOAT64)) {
                    for (boolean bias : new boolean[] {true, false}) {
                        String how = (compiled ? " compiled " : " op by op ") + type + (bias ? "" : " without bias");
                        tests.add(dynamicTest(layer + how, () -> check(layer, method.get(), type, bias, compiled)));
                    }
                }
            }
        }
        return tests.isEmpty()
                ? Stream.of(dynamicTest("no layers in " + GoldenFolder.get(), Assumptions::abort))
                : tests.stream();
    }

    private static void check(LayerCase golden, AdapterMethod method, DataType type, boolean bias, boolean compiled) {
        Tolerance tolerance = type == DataType.FLOAT64 ? Tolerance.FLOAT64 : Tolerance.FLOAT32;
        try (NDManager manager = NDManager.newBaseManager();
                TorchAutograd gradients = TorchAutograd.enabled()) {
            AdaptedLinear layer = adapted(golden, method, type, bias, compiled, manager);
            NDArray x = array(manager, golden.tensor("x"), type);
            x.setRequiresGradient(true);

            NDArray y = layer.forward(new ParameterStore(manager, false), new NDList(x), true)
                    .singletonOrThrow();
            TorchAutograd.backward(y, array(manager, golden.tensor("dy"), type));

            tolerance.check(
                    "y",
                    doubles(bias ? y : y.add(bias(manager, golden, type))),
                    golden.tensor("y").values());
            tolerance.check("dx", doubles(x.getGradient()), golden.tensor("dx").values());
            golden.grads().forEach((name, expected) -> {
                NDArray parameter =
                        layer.adapters().get("golden").parameters().get(name).getArray();
                tolerance.check("grad." + name, doubles(parameter.getGradient()), expected.values());
            });
        }
    }

    private static AdaptedLinear adapted(
            LayerCase golden, AdapterMethod method, DataType type, boolean bias, boolean compiled, NDManager manager) {
        NDArray weight = array(manager, golden.tensor("weight"), type);
        Linear linear = Linear.builder()
                .setUnits(weight.getShape().get(0))
                .optBias(bias)
                .build();
        linear.getDirectParameters().get("weight").setArray(weight);
        if (bias) {
            linear.getDirectParameters().get("bias").setArray(bias(manager, golden, type));
        }
        linear.freezeParameters(true);
        AdapterSelection selection = new AdapterSelection();
        AdaptedLinear layer = new AdaptedLinear(
                "golden", linear, selection, compiled ? TorchGraphRunner.of(manager) : GraphRunner.opByOp());
        LayerAdapter adapter = layer.addAdapter("golden", method, new SplittableRandom(0), Optional.empty());
        golden.params().forEach((name, value) -> array(manager, value, type)
                .copyTo(adapter.parameters().get(name).getArray()));
        selection.set(selection.shared().withActive(List.of("golden")));
        return layer;
    }

    private static NDArray bias(NDManager manager, LayerCase golden, DataType type) {
        return array(manager, golden.tensor("bias"), type);
    }

    private static NDArray array(NDManager manager, LayerCase.Array array, DataType type) {
        return manager.create(array.values(), new Shape(array.shape().toArray()))
                .toType(type, true)
                .duplicate();
    }

    private static double[] doubles(NDArray array) {
        return array.toType(DataType.FLOAT64, true).toDoubleArray();
    }
}
