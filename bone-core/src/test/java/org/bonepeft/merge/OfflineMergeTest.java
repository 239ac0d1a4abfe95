package org.bonepeft.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.AdapterGraphs;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Dora;
import org.bonepeft.adapter.Grouping;
import org.bonepeft.adapter.Hadamard;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.adapter.Lora;
import org.bonepeft.adapter.MissMini;
import org.bonepeft.adapter.Olora;
import org.bonepeft.adapter.Pissa;
import org.bonepeft.adapter.Unconstrained;
import org.bonepeft.json.Json;
import org.bonepeft.peft.AdapterLayer;
import org.bonepeft.peft.AdapterTensor;
import org.bonepeft.peft.PeftAdapter;
import org.bonepeft.peft.PeftConfig;
import org.bonepeft.peft.PeftException;
import org.bonepeft.peft.Targets;
import org.bonepeft.reference.DoubleTensor;
import org.bonepeft.reference.ReferenceBackend;
import org.bonepeft.reference.ReferenceDecompositions;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.safetensors.SafetensorsWriter;
import org.bonepeft.safetensors.ShardedSafetensors;
import org.bonepeft.safetensors.TensorData;
import org.bonepeft.safetensors.TensorInfo;
import org.bonepeft.safetensors.TensorSource;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.bonepeft.testkit.Reference;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class OfflineMergeTest {
    private static final OfflineMerge.Settings SETTINGS = new OfflineMerge.Settings(3, false, bytes -> {});
    private static final String Q = "model.layers.0.q_proj";

    @TempDir
    Path directory;

    private Path base;
    private Path adapter;
    private Path out;

    @BeforeEach
    void paths() {
        base = directory.resolve("base");
        adapter = directory.resolve("adapter");
        out = directory.resolve("out");
    }

    static Stream<AdapterMethod> methods() {
        return Stream.of(
                new Bone(5),
                new Bone(5, Grouping.ROW),
                new MissMini(5, 8),
                new Bat(4),
                new Bat(4, Grouping.ROW),
                new Bat(4, Grouping.GROUP, 3),
                new Hadamard(4),
                new Unconstrained(4),
                new Lora(3, 2),
                new Dora(3, 2),
                new Lora(3, 2, new Pissa()),
                new Lora(3, 2, new Olora()));
    }

    @ParameterizedTest
    @MethodSource("methods")
    void everyMethod_mergedWeightIsThatOfTheGraph_unmergedIsTheBase(AdapterMethod method) throws IOException {
        ModelFiles.write(base, DType.F64, true);
        PeftAdapter values = writeAdapter(method, "model.");
        OfflineMerge.Result result = OfflineMerge.merge(base, adapter, out, SETTINGS);
        assertThat(result.layers()).isEqualTo(4);
        assertThat(result.notes()).isEmpty();
        try (TensorSource before = ShardedSafetensors.open(base);
                TensorSource after = ShardedSafetensors.open(out)) {
            assertThat(after.tensors().keySet()).isEqualTo(before.tensors().keySet());
            before.tensors()
                    .forEach((name, info) -> Tolerance.FLOAT64.check(
                            name, after.doubles(name), expected(values, name, info, before.doubles(name))));
        }
        Path back = directory.resolve("back");
        boolean lost = method instanceof Dora || (method instanceof Lora lora && lora.changesWeight());
        if (lost) {
            assertThatThrownBy(() -> OfflineMerge.unmerge(out, adapter, back, SETTINGS))
                    .isInstanceOf(BoneException.class)
                    .hasMessageContaining("does not determine the weight before; keep a copy of the base");
            assertThat(back).doesNotExist();
        } else {
            OfflineMerge.unmerge(out, adapter, back, SETTINGS);
            assertClose(back, base, Tolerance.FLOAT64);
        }
    }

    private static double[] expected(PeftAdapter adapter, String name, TensorInfo info, double[] weight) {
        String path = name.replace(".weight", "");
        AdapterLayer layer = adapter.layers().get(path);
        if (layer == null) {
            return weight;
        }
        LayerSpec spec = new LayerSpec(path, info.shape().dim(1), info.shape().dim(0), false);
        Map<String, DoubleTensor> values = new LinkedHashMap<>();
        values.put(LayerSpec.WEIGHT, DoubleTensor.of(info.shape(), weight));
        if (layer.method() instanceof Lora lora && lora.changesWeight()) {
            values.putAll(layer.method()
                    .weightStart(spec)
                    .orElseThrow()
                    .evaluate(new ReferenceBackend(), new ReferenceDecompositions(0), values));
        }
        layer.parameters().forEach((label, tensor) -> values.put(label, wide(tensor)));
        return Reference.run(AdapterGraphs.merged(layer.method(), spec), values).toArray();
    }

    private static DoubleTensor wide(AdapterTensor tensor) {
        double[] values = new double[tensor.values().length];
        for (int i = 0; i < values.length; i++) {
            values[i] = tensor.values()[i];
        }
        return DoubleTensor.of(tensor.shape(), values);
    }

    private static void assertClose(Path actual, Path expected, Tolerance tolerance) throws IOException {
        try (TensorSource a = ShardedSafetensors.open(actual);
                TensorSource e = ShardedSafetensors.open(expected)) {
            assertThat(a.tensors().keySet()).isEqualTo(e.tensors().keySet());
            e.tensors().keySet().forEach(name -> tolerance.check(name, a.doubles(name), e.doubles(name)));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "F16", "BF16"})
    void sum_isRoundedOnceToTheBasesType(DType type) throws IOException {
        ModelFiles.write(base, type, false);
        PeftAdapter values = writeAdapter(new Bone(8), "model.");
        OfflineMerge.merge(base, adapter, out, SETTINGS);
        try (TensorSource before = ShardedSafetensors.open(base);
                TensorSource after = ShardedSafetensors.open(out)) {
            TensorInfo info = after.tensor(Q + ".weight");
            assertThat(info.dtype()).isEqualTo(type);
            double[] sums = expected(values, info.name(), info, before.doubles(info.name()));
            float[] floats = new float[sums.length];
            for (int i = 0; i < sums.length; i++) {
                floats[i] = (float) sums[i];
            }
            Path rounded = directory.resolve("rounded.safetensors");
            SafetensorsWriter.write(
                    rounded, List.of(TensorData.floats(info.name(), type, info.shape(), floats)), Map.of());
            try (TensorSource expected = SafetensorsFile.open(rounded)) {
                assertThat(after.bytes(info.name())).isEqualTo(expected.bytes(info.name()));
            }
        }
    }

    @Test
    void result_doesNotDependOnThreads_andProgressIsComplete() throws IOException {
        ModelFiles.write(base, DType.BF16, true);
        writeAdapter(new Bat(8), "model.");
        AtomicLong written = new AtomicLong();
        OfflineMerge.merge(base, adapter, out, new OfflineMerge.Settings(1, true, written::addAndGet));
        assertThat(written).hasValue(OfflineMerge.bytes(base));
        Path other = directory.resolve("other");
        OfflineMerge.merge(base, adapter, other, SETTINGS);
        for (String name : List.of("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")) {
            assertThat(other.resolve(name)).hasSameBinaryContentAs(out.resolve(name));
        }
    }

    @Test
    void otherFiles_areCopied_oldWeightsAreNot() throws IOException {
        ModelFiles.write(base, DType.F32, true);
        writeAdapter(new Bone(8), "model.");
        OfflineMerge.merge(base, adapter, out, SETTINGS);
        for (String name : List.of("config.json", "tokenizer.json", Checkpoint.INDEX)) {
            assertThat(out.resolve(name)).hasSameTextualContentAs(base.resolve(name));
        }
        try (Stream<Path> files = Files.list(out)) {
            assertThat(files).hasSize(5);
        }
    }

    @Test
    void wholeTensors_replaceTheBasesOrAreAdded() throws IOException {
        ModelFiles.write(base, DType.BF16, true);
        SplittableRandom random = new SplittableRandom(1);
        PeftConfig config = PeftConfig.of(new Bone(8), Targets.of("q_proj", "up_proj"))
                .withModulesToSave(List.of("norm", "lm_head"));
        Map<String, AdapterTensor> saved = new LinkedHashMap<>();
        saved.put("model.layers.1.norm.weight", ModelFiles.random(Shape.of(ModelFiles.HIDDEN), random));
        saved.put("lm_head.weight", ModelFiles.random(Shape.of(5, ModelFiles.HIDDEN), random));
        PeftAdapter plain = ModelFiles.adapter(new Bone(8), "model.");
        new PeftAdapter(config, plain.layers(), saved).write(adapter);
        OfflineMerge.Result result = OfflineMerge.merge(base, adapter, out, SETTINGS);
        assertThat(result.saved()).isEqualTo(2);
        assertThat(result.notes())
                .containsExactly(
                        "lm_head.weight is not in the base and was added",
                        "tie_word_embeddings is now false in config.json, for the adapter brings a head of its own");
        try (TensorSource after = ShardedSafetensors.open(out)) {
            assertThat(after.tensor("lm_head.weight").dtype()).isEqualTo(DType.BF16);
            saved.forEach((name, tensor) -> {
                float[] values = after.floats(name);
                for (int i = 0; i < values.length; i++) {
                    assertThat(values[i]).isCloseTo(tensor.values()[i], offset(0.004f));
                }
            });
        }
        assertThat(Json.readObject(out.resolve("config.json"))).containsEntry("tie_word_embeddings", false);
        assertThatThrownBy(() -> OfflineMerge.unmerge(out, adapter, directory.resolve("back"), SETTINGS))
                .hasMessageContaining(
                        "merging replaced [lm_head.weight, model.layers.1.norm.weight], which nothing brings back");
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "F16", "BF16"})
    void baseWeight_thatIsTheModels_changesNothing(DType type) throws IOException {
        ModelFiles.write(base, DType.F32, true);
        PeftAdapter plain = writeAdapter(new Bone(8), "model.");
        OfflineMerge.merge(base, adapter, out, SETTINGS);
        Path loadedByPeft = ModelFiles.write(directory.resolve("loaded"), type, true);
        ModelFiles.withBase(plain, loadedByPeft, Q + ".weight", Q + ".bias").write(adapter);
        Path other = directory.resolve("other");
        assertThat(OfflineMerge.merge(base, adapter, other, SETTINGS).notes()).isEmpty();
        assertThat(Comparison.of(other, out).equal()).isEqualTo(8);
        assertThat(OfflineMerge.unmerge(other, adapter, directory.resolve("back"), SETTINGS)
                        .notes())
                .containsExactly("the adapter's files hold [" + Q + ".bias, " + Q
                        + ".weight] of the base; they were not" + " used");
    }

    @Test
    void baseWeight_ofAModelWithAnotherBeginning_isFound() throws IOException {
        ModelFiles.write(base, DType.F32, false, "model.");
        Path bare = ModelFiles.write(directory.resolve("bare"), DType.F32, false, "");
        ModelFiles.withBase(ModelFiles.adapter(new Bone(8), ""), bare, "layers.0.q_proj.weight")
                .write(adapter);
        assertThat(OfflineMerge.merge(base, adapter, out, SETTINGS).layers()).isEqualTo(4);
    }

    @Test
    void baseWeight_thatIsNotTheModels_isRefused_andNothingIsWritten() throws IOException {
        ModelFiles.write(base, DType.F32, true);
        PeftAdapter values = ModelFiles.withBase(ModelFiles.adapter(new Bone(8), "model."), base, Q + ".weight");
        values.base().get(Q + ".weight").values()[17] += 1;
        values.write(adapter);
        assertThatThrownBy(() -> OfflineMerge.merge(base, adapter, out, SETTINGS))
                .isInstanceOf(PeftException.class)
                .hasMessageContaining(Q + ".weight beside the adapter is not the model's: 1 of 256 elements differ, the"
                        + " first at [1, 1]");
        assertThat(out).doesNotExist();
    }

    @Test
    void loraBias_isAddedToTheLayersBias() throws IOException {
        ModelFiles.write(base, DType.F64, false);
        Lora lora = new Lora(2, 6);
        PeftConfig config = PeftConfig.of(lora, Targets.of("q_proj")).with("lora_bias", true);
        SplittableRandom random = new SplittableRandom(1);
        AdapterTensor bias = ModelFiles.random(Shape.of(16), random);
        AdapterLayer layer = new AdapterLayer(
                lora,
                Map.of(
                        Lora.A,
                        ModelFiles.random(Shape.of(2, 16), random),
                        Lora.B,
                        ModelFiles.random(Shape.of(16, 2), random)),
                Optional.of(bias));
        new PeftAdapter(config, Map.of(Q, layer), Map.of()).write(adapter);
        OfflineMerge.merge(base, adapter, out, SETTINGS);
        try (TensorSource before = ShardedSafetensors.open(base);
                TensorSource after = ShardedSafetensors.open(out)) {
            double[] expected = before.doubles(Q + ".bias");
            for (int i = 0; i < expected.length; i++) {
                expected[i] += 3.0 * bias.values()[i];
            }
            Tolerance.FLOAT64.check("bias", after.doubles(Q + ".bias"), expected);
        }
        OfflineMerge.unmerge(out, adapter, directory.resolve("back"), SETTINGS);
        assertClose(directory.resolve("back"), base, Tolerance.FLOAT64);

        PeftConfig noBias = config.with("target_modules", List.of("up_proj"));
        AdapterLayer tall = new AdapterLayer(
                lora,
                Map.of(
                        Lora.A,
                        ModelFiles.random(Shape.of(2, 16), random),
                        Lora.B,
                        ModelFiles.random(Shape.of(24, 2), random)),
                Optional.of(ModelFiles.random(Shape.of(24), random)));
        Path other = directory.resolve("other");
        new PeftAdapter(noBias, Map.of("model.layers.0.up_proj", tall), Map.of()).write(other);
        assertThatThrownBy(() -> OfflineMerge.merge(base, other, directory.resolve("never"), SETTINGS))
                .isInstanceOf(PeftException.class)
                .hasMessageContaining("up_proj: lora_bias can be merged into a layer with a bias only");
    }

    @Test
    void weightsOfConv1D_areTransposed() throws IOException {
        Files.createDirectories(base);
        double[] weight = new SplittableRandom(1).doubles(16 * 24, -1, 1).toArray();
        Shape stored = Shape.of(16, 24);
        SafetensorsWriter.write(
                base.resolve("model.safetensors"),
                List.of(TensorData.doubles("h.0.c_fc.weight", stored, weight)),
                Map.of());
        Lora lora = new Lora(2, 4);
        SplittableRandom random = new SplittableRandom(2);
        AdapterTensor a = ModelFiles.random(Shape.of(2, 16), random);
        AdapterTensor b = ModelFiles.random(Shape.of(24, 2), random);
        PeftConfig config = PeftConfig.of(lora, Targets.of("c_fc")).with("fan_in_fan_out", true);
        AdapterLayer layer = new AdapterLayer(lora, Map.of(Lora.A, a, Lora.B, b));
        new PeftAdapter(config, Map.of("transformer.h.0.c_fc", layer), Map.of()).write(adapter);
        OfflineMerge.merge(base, adapter, out, SETTINGS);
        double[] expected = weight.clone();
        for (int i = 0; i < 16; i++) {
            for (int o = 0; o < 24; o++) {
                for (int k = 0; k < 2; k++) {
                    expected[i * 24 + o] += 2.0 * b.values()[o * 2 + k] * a.values()[k * 16 + i];
                }
            }
        }
        try (TensorSource after = ShardedSafetensors.open(out)) {
            Tolerance.FLOAT64.check("transposed", after.doubles("h.0.c_fc.weight"), expected);
        }
    }

    @Test
    void paths_withAnotherBeginning_areFound() throws IOException {
        ModelFiles.write(base, DType.F32, false, "model.");
        writeAdapter(new Bone(8), "");
        assertThat(OfflineMerge.merge(base, adapter, out, SETTINGS).layers()).isEqualTo(4);
        Path bare = ModelFiles.write(directory.resolve("bare"), DType.F32, false, "");
        writeAdapter(new Bone(8), "model.");
        assertThat(OfflineMerge.merge(bare, adapter, directory.resolve("other"), SETTINGS)
                        .layers())
                .isEqualTo(4);
    }

    @Test
    void adapterOfAnotherModel_isRefused_andNothingIsWritten() throws IOException {
        ModelFiles.write(base, DType.F32, false);
        writeAdapter(new Bone(8), "encoder.block.");
        assertThatThrownBy(() -> OfflineMerge.merge(base, adapter, out, SETTINGS))
                .isInstanceOf(PeftException.class)
                .hasMessageContaining("no linear layer 'encoder.block.layers.0.q_proj'; of 4 names the nearest are");
        assertThat(out).doesNotExist();
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).containsExactlyInAnyOrder(base, adapter);
        }
    }

    @Test
    void resultThatIsNotFinite_isRefusedWithItsPlace() throws IOException {
        ModelFiles.write(base, DType.F16, false);
        PeftAdapter values = writeAdapter(new Bone(8), "model.");
        float[] block = values.layers().get(Q).parameters().get(Bone.BLOCK).values();
        block[3 * 16 + 5] = 70_000;
        values.write(adapter);
        assertThatThrownBy(() -> OfflineMerge.merge(base, adapter, out, SETTINGS))
                .isInstanceOf(PeftException.class)
                .hasMessageContaining(Q + ": the result at [5, 3] is 69999")
                .hasMessageContaining("which F16 cannot hold");
        assertThat(out).doesNotExist();
    }

    @Test
    void unmergeOfSingularBat_isRefused() throws IOException {
        ModelFiles.write(base, DType.F32, false);
        PeftAdapter values = writeAdapter(new Bat(8), "model.");
        Arrays.fill(values.layers().get(Q).parameters().get(Bat.BLOCK).values(), 0, 64, 0);
        for (int i = 0; i < 64; i += 9) {
            values.layers().get(Q).parameters().get(Bat.BLOCK).values()[i] = -1;
        }
        values.write(adapter);
        OfflineMerge.merge(base, adapter, out, SETTINGS);
        assertThatThrownBy(() -> OfflineMerge.unmerge(out, adapter, directory.resolve("back"), SETTINGS))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining(Q + ": I + B is singular");
    }

    private PeftAdapter writeAdapter(AdapterMethod method, String prefix) throws IOException {
        PeftAdapter written = ModelFiles.adapter(method, prefix);
        written.write(adapter);
        return written;
    }
}
