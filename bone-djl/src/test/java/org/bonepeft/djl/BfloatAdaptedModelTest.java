package org.bonepeft.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Bone;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.djl.torch.TorchTypes;
import org.bonepeft.peft.AdapterTensor;
import org.bonepeft.peft.PeftAdapter;
import org.bonepeft.peft.Targets;
import org.bonepeft.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The whole life of adapters on frozen bfloat16 weights, which DJL itself cannot touch without ending the JVM. */
class BfloatAdaptedModelTest {
    /** Eight bits of mantissa, and sums of 24 terms. */
    private static final double BFLOAT = 2e-2;

    static List<AdapterMethod> methods() {
        return TestMethods.all(4);
    }

    @ParameterizedTest
    @MethodSource("methods")
    void attachForwardBackwardMergeUnmergeSaveLoadClose(AdapterMethod method, @TempDir Path directory)
            throws IOException {
        try (NDManager manager = NDManager.newBaseManager();
                TorchAutograd gradients = TorchAutograd.enabled()) {
            manager.getEngine().setRandomSeed(3);
            NDArray weight = manager.randomNormal(0, 0.3f, new Shape(16, 24), ai.djl.ndarray.types.DataType.FLOAT32);
            NDArray bias = manager.randomNormal(new Shape(16));
            NDArray x = manager.randomNormal(new Shape(2, 5, 24));
            AdaptedModel wide = attached(weight, bias, method);
            AdaptedModel narrow =
                    attached(TorchTypes.cast(weight, DType.BF16), TorchTypes.cast(bias, DType.BF16), method);
            List<NDArray> noise = parameters(wide).stream()
                    .map(parameter ->
                            manager.randomNormal(parameter.getShape()).mul(0.1f).duplicate())
                    .toList();
            move(wide, noise);
            move(narrow, noise);

            assertClose(run(wide, x), run(narrow, x), "x in float32");
            assertClose(run(wide, x), run(narrow, TorchTypes.cast(x, DType.BF16)), "x in bfloat16");
            List<NDArray> expected = gradients(wide);
            List<NDArray> actual = gradients(narrow);
            for (int i = 0; i < expected.size(); i++) {
                assertThat(Values.type(actual.get(i))).isEqualTo(DType.F32);
                assertClose(expected.get(i), actual.get(i), "gradient " + i);
            }

            NDArray before = narrow.layers().get("Linear").weightArray().duplicate();
            narrow.merge(true);
            assertClose(forward(wide, x), forward(narrow, x), "merged");
            narrow.unmerge();
            assertThat(Values.floats(narrow.layers().get("Linear").weightArray()))
                    .containsExactly(Values.floats(before));
            Map<String, Double> errors = narrow.merge(false);
            narrow.unmerge();
            assertThat(errors.get("Linear")).isLessThan(0.05);

            narrow.save("default", directory.resolve("adapter"));
            AdaptedModel again = Adapters.attach(
                    plain(TorchTypes.cast(weight, DType.BF16), TorchTypes.cast(bias, DType.BF16)),
                    PeftAdapter.read(directory.resolve("adapter")),
                    "default");
            assertClose(forward(wide, x), forward(again, x), "loaded");
            narrow.mergeAndUnload();
            assertThat(gradients).isNotNull();
        }
    }

    @Test
    void weightOfTheBaseBesideTheAdapter_isTheModels_whereItIsThatRounded() {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray weight = manager.randomNormal(new Shape(16, 24));
            NDArray bias = manager.randomNormal(new Shape(16));
            PeftAdapter plain = attached(weight, bias, new Bone(4)).export("default");
            Map<String, AdapterTensor> base = Map.of(
                    "Linear.weight", new AdapterTensor(org.bonepeft.tensor.Shape.of(16, 24), Values.floats(weight)));
            PeftAdapter adapter = new PeftAdapter(plain.config(), plain.layers(), plain.saved(), base);
            NDArray narrow = TorchTypes.cast(weight, DType.BF16);
            NDArray other = TorchTypes.cast(weight.mul(1.01f), DType.BF16);
            assertThat(Adapters.attach(plain(narrow, bias), adapter, "one").adapters())
                    .containsExactly("one");
            assertThatThrownBy(() -> Adapters.attach(plain(other, bias), adapter, "one"))
                    .hasMessageContaining("Linear.weight beside the adapter is not the model's");
        }
    }

    private static SequentialBlock plain(NDArray weight, NDArray bias) {
        Linear linear = Linear.builder().setUnits(weight.getShape().get(0)).build();
        linear.getDirectParameters().get("weight").setArray(weight.duplicate());
        linear.getDirectParameters().get("bias").setArray(bias.duplicate());
        return new SequentialBlock().add(linear);
    }

    private static AdaptedModel attached(NDArray weight, NDArray bias, AdapterMethod method) {
        return Adapters.attach(
                plain(weight, bias),
                AdapterConfig.builder()
                        .setMethod(method)
                        .setTargets(Targets.of(Targets.ALL_LINEAR))
                        .build());
    }

    private static List<NDArray> parameters(AdaptedModel model) {
        return model.layers().get("Linear").adapters().get("default").parameters().values().stream()
                .map(ai.djl.nn.Parameter::getArray)
                .toList();
    }

    private static void move(AdaptedModel model, List<NDArray> noise) {
        Map<NDArray, NDArray> moves = new LinkedHashMap<>();
        List<NDArray> parameters = parameters(model);
        for (int i = 0; i < noise.size(); i++) {
            moves.put(parameters.get(i), noise.get(i));
        }
        moves.forEach((parameter, step) ->
                Values.overwrite(parameter, parameter.stopGradient().add(step)));
    }

    private static NDArray run(AdaptedModel model, NDArray x) {
        NDArray y = forward(model, x);
        TorchAutograd.backward(y, TorchTypes.cast(TorchTypes.cast(y, DType.F32).stopGradient(), Values.type(y)));
        return y;
    }

    private static NDArray forward(AdaptedModel model, NDArray x) {
        NDArray y = model.forward(new ParameterStore(x.getManager(), false), new NDList(x), true)
                .singletonOrThrow();
        assertThat(Values.type(y)).isEqualTo(Values.type(x));
        return y;
    }

    private static List<NDArray> gradients(AdaptedModel model) {
        return parameters(model).stream()
                .map(parameter -> TorchAutograd.gradient(parameter).orElseThrow())
                .toList();
    }

    private static void assertClose(NDArray expected, NDArray actual, String what) {
        float[] wanted = Values.floats(expected);
        float[] got = Values.floats(actual);
        double scale = Values.largest(expected);
        for (int i = 0; i < wanted.length; i++) {
            assertThat((double) Math.abs(wanted[i] - got[i]))
                    .as(what + " [" + i + "]")
                    .isLessThan(BFLOAT * scale);
        }
    }
}
