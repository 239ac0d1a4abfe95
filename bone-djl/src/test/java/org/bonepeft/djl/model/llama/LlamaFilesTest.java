package org.bonepeft.djl.model.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.Bone;
import org.bonepeft.djl.AdaptedModel;
import org.bonepeft.djl.AdapterConfig;
import org.bonepeft.djl.Adapters;
import org.bonepeft.djl.generate.GenerationConfig;
import org.bonepeft.djl.generate.Generator;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.djl.torch.TorchTypes;
import org.bonepeft.peft.Targets;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.safetensors.SafetensorsWriter;
import org.bonepeft.safetensors.TensorData;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LlamaFilesTest {
    private static final long[] IDS = {3, 7, 11, 2, 5};

    @TempDir
    Path directory;

    private final NDManager manager = NDManager.newBaseManager();
    private float[] expected = {};

    @BeforeEach
    void save() throws IOException {
        LlamaForCausalLm model = LlamaForCausalLm.create(TinyLlama.CONFIG, manager, 4);
        expected = logits(model);
        model.save(directory);
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private float[] logits(LlamaForCausalLm model) {
        NDArray ids = manager.create(IDS).expandDims(0);
        return TorchTypes.floats(model.forward(new ParameterStore(manager, false), new NDList(ids), false)
                .singletonOrThrow());
    }

    private AdaptedModel merged(LlamaForCausalLm model) {
        AdaptedModel adapted = Adapters.attach(
                model,
                AdapterConfig.builder()
                        .setMethod(new Bone(4))
                        .setTargets(Targets.of("q_proj", "down_proj"))
                        .build());
        adapted.layers().values().forEach(layer -> layer.adapters().values().forEach(adapter -> adapter.parameters()
                .forEach((name, parameter) ->
                        adapter.assign(name, manager.ones(parameter.getArray().getShape())))));
        adapted.merge(false);
        return adapted;
    }

    @Test
    void mappedWeights_areTheFile_andMergingLeavesTheFileAsItWas() throws IOException {
        byte[] before = Files.readAllBytes(directory.resolve("model.safetensors"));
        LlamaForCausalLm model = LlamaForCausalLm.load(directory, manager);
        System.gc();
        assertThat(logits(model)).isEqualTo(expected);
        merged(model);
        assertThat(logits(model)).isNotEqualTo(expected);
        assertThat(Files.readAllBytes(directory.resolve("model.safetensors"))).isEqualTo(before);
        assertThat(logits(LlamaForCausalLm.load(directory, manager))).isEqualTo(expected);
    }

    @Test
    void bfloat16_isRoundedOnceOnTheWayInAndKeptOnTheWayOut(@TempDir Path narrow, @TempDir Path again)
            throws IOException {
        LlamaForCausalLm rounded = LlamaForCausalLm.load(directory, manager, DType.BF16);
        rounded.tensors().forEach((name, parameter) -> assertThat(TorchTypes.of(parameter.getArray()))
                .isEqualTo(DType.BF16));
        float[] logits = logits(rounded);
        // Rounded at some twenty places: more than one unit in the last place of bfloat16.
        assertThat(relativeError(logits)).isBetween(1e-4, 8 * Tolerance.BFLOAT16.relative());
        rounded.save(narrow);
        assertThat(Files.readString(narrow.resolve("config.json"))).contains("\"torch_dtype\": \"bfloat16\"");
        LlamaForCausalLm mapped = LlamaForCausalLm.load(narrow, manager, DType.BF16);
        System.gc();
        assertThat(logits(mapped)).isEqualTo(logits);
        mapped.save(again);
        assertThat(again.resolve("model.safetensors")).hasSameBinaryContentAs(narrow.resolve("model.safetensors"));
        assertThat(relativeError(logits(LlamaForCausalLm.load(narrow, manager))))
                .isLessThan(8 * Tolerance.BFLOAT16.relative());
    }

    private double relativeError(float[] logits) {
        double worst = 0;
        double largest = 0;
        for (int i = 0; i < logits.length; i++) {
            worst = Math.max(worst, Math.abs(logits[i] - expected[i]));
            largest = Math.max(largest, Math.abs(expected[i]));
        }
        return worst / largest;
    }

    @Test
    void bfloat16_trainsGeneratesAndMerges() throws IOException {
        LlamaForCausalLm model = LlamaForCausalLm.load(directory, manager, DType.BF16);
        AdaptedModel adapted = merged(model);
        Generator generator = new Generator(
                model, GenerationConfig.builder().setMaxNewTokens(12).build());
        assertThat(generator.generate(List.of(IDS, Arrays.copyOf(IDS, 2))))
                .allMatch(completion -> completion.tokens().size() == 12);
        adapted.unmerge();
        try (NDScope scope = new NDScope();
                TorchAutograd gradients = TorchAutograd.enabled()) {
            scope.suppressNotUsedWarning();
            NDArray ids = manager.create(IDS).expandDims(0);
            NDArray loss = model.loss(new ParameterStore(manager, false), new NDList(ids), ids, true);
            assertThat(loss.getFloat()).isPositive();
            TorchAutograd.backward(loss);
            adapted.trainableParameters().values().forEach(parameter -> assertThat(
                            TorchAutograd.gradient(parameter.getArray())
                                    .orElseThrow()
                                    .abs()
                                    .sum()
                                    .getFloat())
                    .isPositive());
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F64", "F16", "I32"})
    void otherTypes_areRefused(DType type) {
        assertThatThrownBy(() -> LlamaForCausalLm.load(directory, manager, type))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("weights cannot be " + type);
    }

    @Test
    void shards_areOneModel(@TempDir Path sharded) throws IOException {
        Files.copy(directory.resolve("config.json"), sharded.resolve("config.json"));
        StringBuilder index = new StringBuilder();
        try (SafetensorsFile file = SafetensorsFile.open(directory.resolve("model.safetensors"))) {
            for (int part = 0; part < 2; part++) {
                String name = "model-0000" + (part + 1) + "-of-00002.safetensors";
                boolean first = part == 0;
                List<TensorData> tensors = file.tensors().values().stream()
                        .filter(tensor -> tensor.name().contains("layers.0.") == first)
                        .map(tensor ->
                                TensorData.floats(tensor.name(), DType.F32, tensor.shape(), file.floats(tensor.name())))
                        .toList();
                tensors.forEach(tensor -> index.append(index.isEmpty() ? "" : ", ")
                        .append("\"%s\": \"%s\"".formatted(tensor.name(), name)));
                SafetensorsWriter.write(sharded.resolve(name), tensors, Map.of());
            }
        }
        Files.writeString(sharded.resolve("model.safetensors.index.json"), "{\"weight_map\": {" + index + "}}");
        assertThat(logits(LlamaForCausalLm.load(sharded, manager))).isEqualTo(expected);
    }

    @Test
    void tensorsThatDoNotFit_areNamed(@TempDir Path other) throws IOException {
        Files.copy(directory.resolve("config.json"), other.resolve("config.json"));
        TensorData wrong = TensorData.floats("model.norm.weight", DType.F32, Shape.of(3), new float[3]);
        SafetensorsWriter.write(other.resolve("model.safetensors"), List.of(wrong), Map.of());
        assertThatThrownBy(() -> LlamaForCausalLm.load(other, manager))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("'model.norm.weight'");
    }
}
