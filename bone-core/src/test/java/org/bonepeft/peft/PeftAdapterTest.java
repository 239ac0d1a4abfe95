package org.bonepeft.peft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Dora;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.adapter.Lora;
import org.bonepeft.adapter.MissMini;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.safetensors.SafetensorsWriter;
import org.bonepeft.safetensors.TensorData;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PeftAdapterTest {
    private static final String Q = "base_model.model.model.layers.0.self_attn.q_proj.";

    @TempDir
    Path directory;

    static Stream<AdapterMethod> methods() {
        return Samples.methods().stream();
    }

    @ParameterizedTest
    @MethodSource("methods")
    void everyMethod_writtenAndRead_isTheSame(AdapterMethod method) throws IOException {
        PeftAdapter adapter = Samples.adapter(method, 1);
        adapter.write(directory);
        PeftAdapter read = PeftAdapter.read(directory);
        Samples.assertSame(read, adapter);
        byte[] first = Files.readAllBytes(directory.resolve("adapter_model.safetensors"));
        read.write(directory);
        assertThat(directory.resolve("adapter_model.safetensors")).hasBinaryContent(first);
        assertThat(read.problemsWith(List.of(Samples.SQUARE, Samples.TALL))).isEmpty();
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("adapter_config.json", "adapter_model.safetensors");
        }
    }

    @Test
    void ranksAndAlphasByPattern_areKeptAsPeftKeepsThem() throws IOException {
        Targets targets = Targets.of("q_proj", "up_proj");
        Map<String, AdapterMethod> patterns = Map.of("mlp\\.up_proj", new Lora(2, 16));
        PeftConfig config = PeftConfig.of(new Lora(4, 16), patterns, targets);
        assertThat(config.values())
                .containsEntry("peft_type", "LORA")
                .containsEntry("rank_pattern", Map.of("mlp\\.up_proj", 2L))
                .containsEntry("alpha_pattern", Map.of());
        Samples.adapter(config, 1).write(directory);
        PeftAdapter read = PeftAdapter.read(directory);
        assertThat(read.layers().get(Samples.SQUARE.path()).method()).isEqualTo(new Lora(4, 16));
        assertThat(read.layers().get(Samples.TALL.path()).method()).isEqualTo(new Lora(2, 16));
    }

    @Test
    void methodsByPattern_thatPeftCannotSay_areKeptAsOurOwn() throws IOException {
        PeftConfig config = PeftConfig.of(new Bone(8), Map.of("up_proj", new Dora(2, 3)), Targets.matching(".*_proj"));
        assertThat(config.type()).isEqualTo(PeftType.BONEPEFT);
        PeftAdapter adapter = Samples.adapter(config, 1);
        adapter.write(directory);
        Samples.assertSame(PeftAdapter.read(directory), adapter);
    }

    @Test
    void modulesToSaveAndBiases_areKeptUnderTheirNamesInTheBase() throws IOException {
        SplittableRandom random = new SplittableRandom(1);
        PeftConfig config = PeftConfig.of(new Lora(2, 2), Targets.of("q_proj", "up_proj"))
                .withModulesToSave(List.of("lm_head"))
                .with("bias", "all");
        PeftAdapter plain = Samples.adapter(config, 1);
        Map<String, AdapterTensor> saved = new LinkedHashMap<>();
        saved.put("lm_head.weight", Samples.random(Shape.of(3, 16), random));
        saved.put(Samples.SQUARE.path() + ".bias", Samples.random(Shape.of(16), random));
        PeftAdapter adapter = new PeftAdapter(config, plain.layers(), saved);
        adapter.write(directory);
        Samples.assertSame(PeftAdapter.read(directory), adapter);
        try (SafetensorsFile file = SafetensorsFile.open(directory.resolve("adapter_model.safetensors"))) {
            assertThat(file.tensors())
                    .containsKeys("base_model.model.lm_head.weight", Q + "base_layer.bias", Q + "lora_A.weight");
        }
    }

    @Test
    void loraBias_isKept() throws IOException {
        PeftConfig config =
                PeftConfig.of(new Lora(2, 2), Targets.of("q_proj", "up_proj")).with("lora_bias", true);
        Map<String, AdapterLayer> layers = new LinkedHashMap<>();
        Samples.adapter(config, 1).layers().forEach((path, layer) -> {
            Shape out = Shape.of(layer.parameters().get(Lora.B).shape().dim(0));
            AdapterTensor bias = Samples.random(out, new SplittableRandom(2));
            layers.put(path, new AdapterLayer(layer.method(), layer.parameters(), Optional.of(bias)));
        });
        PeftAdapter adapter = new PeftAdapter(config, layers, Map.of());
        adapter.write(directory);
        Samples.assertSame(PeftAdapter.read(directory), adapter);

        write(
                adapter.config(),
                tensors(directory).stream()
                        .filter(tensor -> !tensor.name().equals(Q + "lora_B.bias"))
                        .toList());
        refused("q_proj: lora_B.bias is missing");
    }

    @Test
    void miss_asBone_isForOlderPeft() throws IOException {
        for (AdapterMethod method : List.of(new Bone(4), new Bat(4))) {
            PeftAdapter adapter = Samples.adapter(method, 1);
            adapter.as(PeftType.BONE).write(directory);
            PeftAdapter bone = PeftAdapter.read(directory);
            assertThat(bone.config().type()).isEqualTo(PeftType.BONE);
            assertThat(bone.config().values()).doesNotContainKeys("mini_r", "miss_dropout");
            Samples.assertSameLayers(bone, adapter);
            Samples.assertSame(bone.as(PeftType.MISS), adapter);
        }
        PeftAdapter mini = Samples.adapter(new MissMini(4, 8), 1);
        assertThatThrownBy(() -> mini.as(PeftType.BONE))
                .isInstanceOf(PeftException.class)
                .hasMessageContaining("init_weights is \"mini\"");
        assertThatThrownBy(() -> mini.as(PeftType.LORA)).hasMessageContaining("not two names of one thing");
    }

    @Test
    void earlyBat_thatSaysInitWeightsTrue_isKnownByItsShape() throws IOException {
        PeftAdapter bat = Samples.adapter(new Bat(4), 1).as(PeftType.BONE);
        bat.write(directory);
        write(bat.config().with("init_weights", true), tensors(directory));
        Samples.assertSameLayers(PeftAdapter.read(directory), bat);
    }

    @ParameterizedTest
    @ValueSource(strings = {"F16", "BF16", "F64"})
    void otherTypes_areReadAsFloat32(String type) throws IOException {
        PeftAdapter adapter = Samples.adapter(new Bone(4), 1);
        adapter.write(directory);
        List<TensorData> tensors = new ArrayList<>();
        try (SafetensorsFile file = SafetensorsFile.open(directory.resolve("adapter_model.safetensors"))) {
            file.tensors().forEach((name, info) -> {
                float[] halves = file.floats(name);
                for (int i = 0; i < halves.length; i++) {
                    halves[i] = Math.round(halves[i] * 8) / 8f;
                }
                tensors.add(
                        type.equals("F64")
                                ? TensorData.doubles(name, info.shape(), doubles(halves))
                                : TensorData.floats(name, DType.valueOf(type), info.shape(), halves));
            });
        }
        write(adapter.config(), tensors);
        PeftAdapter read = PeftAdapter.read(directory);
        adapter.layers().forEach((path, layer) -> layer.parameters().forEach((name, tensor) -> {
            float[] values = read.layers().get(path).parameters().get(name).values();
            for (int i = 0; i < values.length; i++) {
                assertThat(values[i]).isEqualTo(Math.round(tensor.values()[i] * 8) / 8f);
            }
        }));
    }

    private static double[] doubles(float[] values) {
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }

    @Test
    void missingParameter_isNamed() throws IOException {
        spoil(new Lora(2, 2), tensors -> tensors.remove(Q + "lora_B.weight"));
        refused("model.layers.0.self_attn.q_proj: lora_B is missing; there is [lora_A]");
    }

    @Test
    void unknownTensor_isNamed() throws IOException {
        spoil(new Lora(2, 2), tensors -> tensors.put(Q + "lora_A.default.weight", Shape.of(2, 16)));
        refused(
                "'" + Q + "lora_A.default.weight' is no parameter of LORA",
                "lora_A.weight, lora_B.bias, lora_B.weight, lora_magnitude_vector");
        spoil(new Lora(2, 2), tensors -> tensors.put(Q + "lora_magnitude_vector", Shape.of(16)));
        refused("q_proj: magnitude is no parameter of Lora");
        spoil(new Lora(2, 2), tensors -> tensors.put("model.q_proj.lora_A.weight", Shape.of(2, 16)));
        refused("'model.q_proj.lora_A.weight' does not begin with base_model.model.");
        spoil(new Bone(4), tensors -> tensors.put(Q + "bone_block", Shape.of(4, 16)));
        refused("'" + Q + "bone_block' is no parameter of MISS; expected [miss_block]");
    }

    @Test
    void baseWeight_thatPeftDoesNotSave_isNamed() throws IOException {
        spoil(new Lora(2, 2), tensors -> tensors.put("base_model.model.score.weight", Shape.of(3, 16)));
        refused("score.weight' is a weight of the base model, which modules_to_save [] does not name");
        String other = Q.replace("q_proj", "k_proj") + "base_layer.weight";
        spoil(new Lora(2, 2), tensors -> tensors.put(other, Shape.of(16, 16)));
        refused("'" + other + "' is a weight of the base model");
        spoil(new Lora(2, 2), tensors -> tensors.put(Q + "base_layer.running_mean", Shape.of(16)));
        refused("'" + Q + "base_layer.running_mean' is a weight of the base model");
    }

    @Test
    void baseWeight_thatPeftSaves_isKeptBesideTheAdapter() throws IOException {
        SplittableRandom random = new SplittableRandom(1);
        PeftAdapter plain = Samples.adapter(new Bone(4), 1);
        Map<String, AdapterTensor> base = new LinkedHashMap<>();
        base.put(Samples.SQUARE.path() + ".weight", Samples.random(Shape.of(16, 16), random));
        base.put(Samples.SQUARE.path() + ".bias", Samples.random(Shape.of(16), random));
        base.put("model.embed_tokens.weight", Samples.random(Shape.of(5, 16), random));
        PeftAdapter adapter = new PeftAdapter(plain.config(), plain.layers(), Map.of(), base);
        adapter.write(directory);
        Samples.assertSame(PeftAdapter.read(directory), adapter);
        try (SafetensorsFile file = SafetensorsFile.open(directory.resolve("adapter_model.safetensors"))) {
            assertThat(file.tensors())
                    .containsKeys(
                            Q + "base_layer.weight",
                            Q + "base_layer.bias",
                            "base_model.model.model.embed_tokens.weight");
        }
        assertThat(adapter.as(PeftType.BONE).base()).isEqualTo(base);
    }

    @Test
    void wrongShape_isNamedWithTheRightOne() throws IOException {
        spoil(new Bone(4), tensors -> tensors.put(Q + "miss_block", Shape.of(5, 16)));
        refused("q_proj: bone is [5, 16]; Bone[rank=4", "needs [4, 16]");
        spoil(new Bat(4), tensors -> tensors.put(Q + "miss_block", Shape.of(4, 16)));
        refused("q_proj: bone is [4, 16]; Bat[rank=4");
        spoil(new Bone(4), tensors -> tensors.put(Q + "miss_block", Shape.of(Long.MAX_VALUE / 8, 0, 7)));
        refused("q_proj: bone is");
        spoil(new Dora(2, 2), tensors -> tensors.put(Q + "lora_magnitude_vector", Shape.of(15)));
        refused("q_proj: magnitude is [15]", "needs [16]");
    }

    @Test
    void notFinite_isNamed() throws IOException {
        PeftAdapter adapter = Samples.adapter(new Bone(4), 1);
        adapter.layers().get(Samples.SQUARE.path()).parameters().get(Bone.BLOCK).values()[3] = Float.NaN;
        assertThatThrownBy(() -> adapter.write(directory))
                .isInstanceOf(PeftException.class)
                .hasMessageContaining("'" + Q + "miss_block' holds NaN at element 3");
        assertThat(directory).isEmptyDirectory();
        spoil(new Bone(4), tensors -> {});
        List<TensorData> tensors = new ArrayList<>(tensors(directory));
        tensors.set(0, TensorData.floats(tensors.get(0).name(), DType.F32, Shape.of(4, 24), infinities()));
        write(PeftAdapter.read(directory).config(), tensors);
        refused("up_proj.miss_block' holds Infinity at element 0");
    }

    private static float[] infinities() {
        float[] values = new float[96];
        java.util.Arrays.fill(values, Float.POSITIVE_INFINITY);
        return values;
    }

    @Test
    void lenient_reportsTheSameAndGoesOn() throws IOException {
        spoil(new Lora(2, 2), tensors -> {
            tensors.remove(Q + "lora_B.weight");
            tensors.put("other", Shape.of(1));
        });
        refused("q_proj: lora_B is missing", "'other' does not begin with");
        List<String> reports = new ArrayList<>();
        PeftAdapter read = PeftAdapter.readLenient(directory, reports::add);
        assertThat(reports)
                .hasSize(2)
                .anySatisfy(report -> assertThat(report).contains("q_proj: lora_B is missing"))
                .anySatisfy(report -> assertThat(report).contains("'other' does not begin with"));
        assertThat(read.layers()).containsOnlyKeys(Samples.TALL.path());
    }

    @Test
    void settingThatIsNotKnownHere_isAnError() throws IOException {
        PeftAdapter adapter = Samples.adapter(new Lora(2, 2), 1);
        adapter.write(directory);
        write(adapter.config().with("use_qalora", true), tensors(directory));
        refused("use_qalora is true; expected null or false");
    }

    @Test
    void problemsWithAModel_nameLayersAndNearMisses() {
        PeftAdapter adapter = Samples.adapter(new Bone(4), 1);
        LayerSpec longer = new LayerSpec(Samples.SQUARE.path(), 16, 20, false);
        LayerSpec other = new LayerSpec("model.layers.1.self_attn.q_proj", 16, 16, false);
        LayerSpec notTargeted = new LayerSpec("model.layers.1.self_attn.k_proj", 16, 16, false);
        assertThat(adapter.problemsWith(List.of(longer, other, notTargeted)))
                .anySatisfy(problem -> assertThat(problem).contains("q_proj: bone is [4, 16]", "needs [4, 20]"))
                .anySatisfy(problem ->
                        assertThat(problem).contains("no linear layer 'model.layers.0.mlp.up_proj'", "the nearest are"))
                .anySatisfy(problem -> assertThat(problem).contains("target module 'up_proj' matches no linear layer"))
                .hasSize(3);
        assertThat(adapter.problemsWith(List.of(Samples.SQUARE, Samples.TALL, other)))
                .containsExactly("model.layers.1.self_attn.q_proj is targeted but has no adapter in the file");
    }

    @Test
    void problemsWithAModel_tellOfATiedHead() {
        Lora lora = new Lora(2, 2);
        AdapterLayer layer = new AdapterLayer(
                lora,
                Map.of(
                        Lora.A, new AdapterTensor(Shape.of(2, 16), new float[32]),
                        Lora.B, new AdapterTensor(Shape.of(9, 2), new float[18])));
        PeftAdapter adapter =
                new PeftAdapter(PeftConfig.of(lora, Targets.of("lm_head")), Map.of("lm_head", layer), Map.of());
        assertThat(adapter.problemsWith(List.of(Samples.SQUARE))).anySatisfy(problem -> assertThat(problem)
                .contains("no linear layer 'lm_head' (one that is tied to the embeddings takes no adapter)"));
    }

    @Test
    void adapterThatTheConfigurationDoesNotDescribe_isNotWritten() {
        PeftAdapter bone = Samples.adapter(new Bone(4), 1);
        PeftConfig other = PeftConfig.of(new Bone(8), Targets.of("q_proj"));
        assertThatThrownBy(() -> new PeftAdapter(other, bone.layers(), Map.of()).write(directory))
                .hasMessageContaining("has the adapter Bone[rank=4")
                .hasMessageContaining("the configuration says Bone[rank=8");
        Map<String, AdapterTensor> saved = Map.of("lm_head.weight", new AdapterTensor(Shape.of(1), new float[1]));
        assertThatThrownBy(() -> new PeftAdapter(bone.config(), bone.layers(), saved).write(directory))
                .hasMessageContaining("lm_head.weight is to be saved, but modules_to_save [] does not name it");
    }

    private interface Change {
        void to(Map<String, Shape> tensors);
    }

    /** Writes an adapter of zeros whose tensors were changed. */
    private void spoil(AdapterMethod method, Change change) throws IOException {
        PeftAdapter adapter = Samples.adapter(method, 1);
        adapter.write(directory);
        Map<String, Shape> shapes = new LinkedHashMap<>();
        tensors(directory).forEach(tensor -> shapes.put(tensor.name(), tensor.shape()));
        change.to(shapes);
        write(
                adapter.config(),
                shapes.entrySet().stream()
                        .map(entry -> TensorData.floats(
                                entry.getKey(),
                                DType.F32,
                                entry.getValue(),
                                new float[(int) entry.getValue().size()]))
                        .toList());
    }

    private static List<TensorData> tensors(Path directory) throws IOException {
        try (SafetensorsFile file = SafetensorsFile.open(directory.resolve("adapter_model.safetensors"))) {
            return file.tensors().values().stream()
                    .map(info -> {
                        ByteBuffer bytes = file.bytes(info.name());
                        return TensorData.bytes(info.name(), info.dtype(), info.shape(), bytes);
                    })
                    .toList();
        }
    }

    private void write(PeftConfig config, List<TensorData> tensors) throws IOException {
        Files.writeString(directory.resolve("adapter_config.json"), config.toJson());
        SafetensorsWriter.write(directory.resolve("adapter_model.safetensors"), tensors, Map.of());
    }

    private void refused(String... parts) {
        assertThatThrownBy(() -> PeftAdapter.read(directory))
                .isInstanceOf(PeftException.class)
                .hasMessageContainingAll(parts)
                .message()
                .hasLineCount(1);
    }
}
