package org.bonepeft.merge;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Lora;
import org.bonepeft.peft.AdapterTensor;
import org.bonepeft.peft.PeftAdapter;
import org.bonepeft.peft.PeftConfig;
import org.bonepeft.safetensors.SafetensorsWriter;
import org.bonepeft.safetensors.TensorData;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ComparisonTest {
    @TempDir
    Path directory;

    @Test
    void sameModel_shardedOrNot_isTheSame() throws IOException {
        Path a = ModelFiles.write(directory.resolve("a"), DType.BF16, true);
        Path b = ModelFiles.write(directory.resolve("b"), DType.BF16, false);
        Comparison comparison = Comparison.of(a, b);
        assertThat(comparison.same()).isTrue();
        assertThat(comparison.equal()).isEqualTo(8);
    }

    @Test
    void everyKindOfDifference_isTold() throws IOException {
        float[] many = new float[300_000];
        float[] other = many.clone();
        many[5] = -4;
        other[5] = -4;
        other[299_999] = 0.5f;
        Path a = file(
                "a",
                List.of(
                        TensorData.floats("gone", DType.F32, Shape.of(1), new float[1]),
                        TensorData.floats("same", DType.F32, Shape.of(2), new float[2]),
                        TensorData.floats("shape", DType.F32, Shape.of(2), new float[2]),
                        TensorData.longs("ids", DType.I64, Shape.of(3), new long[] {1, 2, 3}),
                        TensorData.floats("type", DType.F32, Shape.of(1), new float[] {0.3f}),
                        TensorData.floats("values", DType.F32, Shape.of(300_000), many)));
        Path b = file(
                "b",
                List.of(
                        TensorData.floats("same", DType.F32, Shape.of(2), new float[2]),
                        TensorData.floats("shape", DType.F32, Shape.of(1, 2), new float[2]),
                        TensorData.longs("ids", DType.I64, Shape.of(3), new long[] {1, 0, 0}),
                        TensorData.floats("type", DType.BF16, Shape.of(1), new float[] {0.3f}),
                        TensorData.floats("values", DType.F32, Shape.of(300_000), other)));
        Comparison comparison = Comparison.of(a, b);
        assertThat(comparison.equal()).isEqualTo(1);
        double rounding = 0.30078125 - 0.3f;
        assertThat(comparison.tensors())
                .containsOnlyKeys("gone", "shape", "ids", "type", "values")
                .containsEntry("gone", new Comparison.OnlyIn(a))
                .containsEntry("shape", new Comparison.OtherKind("F32 [2]", "F32 [1, 2]"))
                .containsEntry("ids", new Comparison.Values(2, Double.NaN, Double.NaN, "I64"))
                .containsEntry("type", new Comparison.Values(1, rounding, rounding / 0.3f, "F32, BF16"))
                .containsEntry("values", new Comparison.Values(1, 0.5, 0.125, "F32"));
    }

    @Test
    void adapters_areComparedWithTheirConfigurations() throws IOException {
        PeftAdapter lora = ModelFiles.adapter(new Lora(2, 2), "model.");
        lora.write(directory.resolve("a"));
        PeftConfig otherOrder = lora.config().with("target_modules", List.of("up_proj", "q_proj"));
        new PeftAdapter(otherOrder.with("task_type", "CAUSAL_LM"), lora.layers(), Map.of())
                .write(directory.resolve("b"));
        ModelFiles.adapter(new Bone(2), "model.").write(directory.resolve("c"));
        assertThat(Comparison.of(directory.resolve("a"), directory.resolve("b")).settings())
                .isEqualTo(Map.of("task_type", List.of("null", "\"CAUSAL_LM\"")));
        Comparison other = Comparison.of(directory.resolve("a"), directory.resolve("c"));
        assertThat(other.equal()).isZero();
        assertThat(other.settings())
                .containsEntry("peft_type", List.of("\"LORA\"", "\"MISS\""))
                .containsEntry("mini_r", List.of("absent", "1"));
    }

    @Test
    void inspection_tellsNormsAndWhatIsOdd() throws IOException {
        float[] values = {3, 4, Float.NaN, Float.POSITIVE_INFINITY};
        Path file = file(
                "odd",
                List.of(
                        TensorData.floats("values", DType.BF16, Shape.of(2, 2), values),
                        TensorData.floats("zeros", DType.F32, Shape.of(3), new float[3]),
                        TensorData.longs("ids", DType.I64, Shape.of(1), new long[] {7})));
        Inspection inspection = Inspection.of(file, bytes -> {});
        assertThat(inspection.kind()).isEqualTo("file");
        assertThat(inspection.elements()).isEqualTo(8);
        assertThat(inspection.bytesByType()).isEqualTo(Map.of(DType.I64, 8L, DType.F32, 12L, DType.BF16, 8L));
        assertThat(inspection.odd()).containsExactly("zeros is all zeros", "values: 2 elements are not finite");
        Inspection.Statistics statistics = inspection.tensors().get("values");
        assertThat(statistics.norm()).isEqualTo(5);
        assertThat(statistics.largest()).isEqualTo(4);
        assertThat(statistics.notFinite()).isEqualTo(2);
    }

    @Test
    void inspection_ofModelsAndAdapters_hasTheirConfiguration() throws IOException {
        Path model = ModelFiles.write(directory.resolve("model"), DType.F16, true);
        Inspection ofModel = Inspection.of(model, bytes -> {});
        assertThat(ofModel.kind()).isEqualTo("model");
        assertThat(ofModel.config()).containsEntry("tie_word_embeddings", true);
        assertThat(ofModel.odd()).containsExactly("pytorch_model.bin is a pickle; it is not read");
        assertThat(Inspection.bytes(model)).isEqualTo(OfflineMerge.bytes(model));

        Path adapter = directory.resolve("adapter");
        PeftAdapter bone = ModelFiles.adapter(new Bone(4), "model.");
        bone.write(adapter);
        Files.writeString(
                adapter.resolve("adapter_config.json"),
                bone.config().with("r", 8).with("mystery", 1).toJson());
        Inspection ofAdapter = Inspection.of(adapter, bytes -> {});
        assertThat(ofAdapter.kind()).isEqualTo("adapter");
        assertThat(ofAdapter.methods()).isEmpty();
        assertThat(ofAdapter.odd())
                .hasSize(5)
                .contains("adapter_config.json has the unknown key mystery")
                .anySatisfy(odd -> assertThat(odd).contains("q_proj: bone is [4, 16]; Bone[rank=8"));
    }

    @Test
    void inspection_tellsOfBaseWeights() throws IOException {
        PeftAdapter bone = ModelFiles.adapter(new Bone(4), "model.");
        Map<String, AdapterTensor> base =
                Map.of("model.layers.0.q_proj.weight", ModelFiles.random(Shape.of(16, 16), new SplittableRandom(1)));
        new PeftAdapter(bone.config(), bone.layers(), Map.of(), base).write(directory.resolve("adapter"));
        Inspection inspection = Inspection.of(directory.resolve("adapter"), bytes -> {});
        assertThat(inspection.tensors()).hasSize(5);
        assertThat(inspection.odd())
                .containsExactly("model.layers.0.q_proj.weight of the base lies beside the adapter; using it needs the"
                        + " same in the model");
    }

    private Path file(String name, List<TensorData> tensors) throws IOException {
        Path file = directory.resolve(name + ".safetensors");
        SafetensorsWriter.write(file, tensors, Map.of());
        return file;
    }
}
