package org.bonepeft.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Dora;
import org.bonepeft.adapter.Grouping;
import org.bonepeft.adapter.Hadamard;
import org.bonepeft.adapter.Lora;
import org.bonepeft.adapter.MissMini;
import org.bonepeft.adapter.Olora;
import org.bonepeft.adapter.Pissa;
import org.bonepeft.adapter.Unconstrained;
import org.bonepeft.peft.AdapterTensor;
import org.bonepeft.peft.PeftAdapter;
import org.bonepeft.peft.PeftException;
import org.bonepeft.reference.DoubleTensor;
import org.bonepeft.reference.ReferenceDecompositions;
import org.bonepeft.safetensors.ShardedSafetensors;
import org.bonepeft.safetensors.TensorSource;
import org.bonepeft.tensor.DType;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ConversionTest {
    private static final OfflineMerge.Settings SETTINGS = new OfflineMerge.Settings();

    @TempDir
    Path directory;

    private Path base;

    @BeforeEach
    void model() throws IOException {
        base = ModelFiles.write(directory.resolve("base"), DType.F64, true);
    }

    private Conversion.Converted toLora(PeftAdapter adapter, Optional<Integer> rank) throws IOException {
        try (Conversion conversion = Conversion.on(base)) {
            return conversion.toLora(adapter, rank, () -> {});
        }
    }

    private Path merged(PeftAdapter adapter, String name) throws IOException {
        adapter.write(directory.resolve(name));
        Path out = directory.resolve(name + "-merged");
        OfflineMerge.merge(base, directory.resolve(name), out, SETTINGS);
        return out;
    }

    private static void assertSameModel(Path a, Path b, Tolerance tolerance) throws IOException {
        try (TensorSource first = ShardedSafetensors.open(a);
                TensorSource second = ShardedSafetensors.open(b)) {
            second.tensors().keySet().forEach(name -> tolerance.check(name, first.doubles(name), second.doubles(name)));
        }
    }

    @Test
    void boneAndMini_areLorasExactly_andBoneComesBackBitByBit() throws IOException {
        for (AdapterMethod method : new AdapterMethod[] {new Bone(5), new MissMini(5, 8)}) {
            PeftAdapter adapter = ModelFiles.adapter(method, "model.");
            Conversion.Converted lora = toLora(adapter, Optional.empty());
            assertThat(lora.errors().values()).hasSize(4).containsOnly(0.0);
            assertThat(lora.adapter().config().method()).isEqualTo(new Lora(5, 5));
            assertSameModel(
                    merged(lora.adapter(), method.name() + "-lora"), merged(adapter, method.name()), Tolerance.FLOAT64);
        }
        PeftAdapter bone = ModelFiles.adapter(new Bone(5), "model.");
        PeftAdapter back = Conversion.toMiss(toLora(bone, Optional.empty()).adapter());
        assertThat(back.config()).isEqualTo(bone.config());
        bone.layers().forEach((path, layer) -> assertThat(block(back, path).values())
                .isEqualTo(block(bone, path).values()));
    }

    private static AdapterTensor block(PeftAdapter adapter, String path) {
        return adapter.layers().get(path).parameters().get(Bone.BLOCK);
    }

    @Test
    void baseWeights_areComparedWithTheModel_orKept() throws IOException {
        PeftAdapter bone = ModelFiles.adapter(new Bone(5), "model.");
        String name = "model.layers.0.q_proj.weight";
        PeftAdapter withBase = ModelFiles.withBase(bone, base, name);
        PeftAdapter lora = toLora(withBase, Optional.empty()).adapter();
        assertThat(lora.base()).isEmpty();
        assertThat(Conversion.toMiss(withBase).base()).isEqualTo(withBase.base());
        PeftAdapter loraWithBase = ModelFiles.withBase(lora, base, name);
        assertThat(Conversion.toMiss(loraWithBase).base()).isEqualTo(loraWithBase.base());
        withBase.base().get(name).values()[0] = 9;
        assertThatThrownBy(() -> toLora(withBase, Optional.empty()))
                .isInstanceOf(PeftException.class)
                .hasMessageContaining(name + " beside the adapter is not the model's");
    }

    @Test
    void otherLora_isNoBone() {
        PeftAdapter lora = ModelFiles.adapter(new Lora(4, 4), "model.");
        assertThatThrownBy(() -> Conversion.toMiss(lora))
                .isInstanceOf(PeftException.class)
                .hasMessageContaining("layers.0.q_proj: Lora[rank=4")
                .hasMessageContaining("has no name in MiSS; of LoRAs only one whose A repeats the identity");
        PeftAdapter batRow = ModelFiles.adapter(new Bat(4, Grouping.ROW), "model.");
        assertThatThrownBy(() -> Conversion.toMiss(batRow)).hasMessageContaining("has no name in MiSS");
    }

    static Stream<AdapterMethod> ofFullRank() {
        return Stream.of(
                new Bat(4), new Bat(8, Grouping.ROW), new Hadamard(4), new Dora(3, 2), new Lora(3, 2, new Olora()));
    }

    @ParameterizedTest
    @MethodSource("ofFullRank")
    void everyMethod_asLoraOfFullRank_isTheSame(AdapterMethod method) throws IOException {
        PeftAdapter adapter = ModelFiles.adapter(method, "model.");
        Conversion.Converted lora = toLora(adapter, Optional.of(16));
        assertThat(lora.errors().values()).allSatisfy(error -> assertThat(error).isLessThan(1e-7));
        assertSameModel(merged(lora.adapter(), "lora"), merged(adapter, "adapter"), Tolerance.FLOAT32);
    }

    @ParameterizedTest
    @MethodSource("ofLowRank")
    void methodOfLowRank_asLoraOfThatRank_isTheSame(AdapterMethod method) throws IOException {
        PeftAdapter adapter = ModelFiles.adapter(method, "model.");
        Conversion.Converted lora = toLora(adapter, Optional.empty());
        assertThat(lora.errors().values()).allSatisfy(error -> assertThat(error).isLessThan(1e-7));
        assertSameModel(merged(lora.adapter(), "lora"), merged(adapter, "adapter"), Tolerance.FLOAT32);
    }

    static Stream<AdapterMethod> ofLowRank() {
        return Stream.of(
                new Bone(4, Grouping.ROW),
                new Unconstrained(4),
                new Lora(3, 2, new Pissa()),
                new Lora(3, 2, new Olora()),
                new Lora(4, 2));
    }

    @Test
    void plainLora_staysAsItIs() throws IOException {
        PeftAdapter lora = ModelFiles.adapter(new Lora(4, 2), "model.");
        assertThat(toLora(lora, Optional.empty()).adapter().layers()).isEqualTo(lora.layers());
        assertThat(toLora(lora, Optional.of(2)).errors().values())
                .allSatisfy(error -> assertThat(error).isBetween(0.01, 0.99));
    }

    /** The error that is reported is that of the best approximation there is. */
    @Test
    void truncation_isTheBest_andItsErrorIsReported() throws IOException {
        PeftAdapter bat = ModelFiles.adapter(new Bat(4), "model.");
        Conversion.Converted lora = toLora(bat, Optional.of(3));
        Path exact = merged(bat, "bat");
        Path approximate = merged(lora.adapter(), "lora");
        try (TensorSource w = ShardedSafetensors.open(base);
                TensorSource e = ShardedSafetensors.open(exact);
                TensorSource a = ShardedSafetensors.open(approximate)) {
            for (Map.Entry<String, Double> error : lora.errors().entrySet()) {
                String name = error.getKey() + ".weight";
                double[] delta = minus(e.doubles(name), w.doubles(name));
                double all = norm(delta);
                double actual = norm(minus(e.doubles(name), a.doubles(name))) / all;
                double[] s = new ReferenceDecompositions(0)
                        .svd(DoubleTensor.of(w.tensor(name).shape(), delta))
                        .s()
                        .toArray();
                double best = norm(Arrays.copyOfRange(s, 3, s.length)) / all;
                assertThat(error.getValue()).isBetween(best * (1 - 1e-6), best * 1.01);
                assertThat(actual).isCloseTo(error.getValue(), withinPercentage(0.01));
            }
        }
    }

    private static double[] minus(double[] a, double[] b) {
        double[] difference = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            difference[i] = a[i] - b[i];
        }
        return difference;
    }

    private static double norm(double[] values) {
        return Math.sqrt(Arrays.stream(values).map(value -> value * value).sum());
    }

    @Test
    void layersTooSmallForTheRank_haveTheirOwn() throws IOException {
        PeftAdapter bat = ModelFiles.adapter(new Bat(4), "model.");
        PeftAdapter lora = toLora(bat, Optional.of(100)).adapter();
        assertThat(lora.config().method()).isEqualTo(new Lora(16, 16));
        lora.write(directory.resolve("lora"));
        assertThat(PeftAdapter.read(directory.resolve("lora")).layers())
                .containsOnlyKeys(bat.layers().keySet());
    }
}
