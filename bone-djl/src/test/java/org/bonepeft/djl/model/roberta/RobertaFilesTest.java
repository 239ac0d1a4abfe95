package org.bonepeft.djl.model.roberta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bonepeft.BoneException;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.safetensors.SafetensorsWriter;
import org.bonepeft.safetensors.TensorData;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Loading and saving: what is a model, and every way in which a directory is not one. */
class RobertaFilesTest {
    private static final String QUERY = "roberta.encoder.layer.0.attention.self.query.weight";

    private final NDManager manager = NDManager.newBaseManager();
    private final RobertaForMaskedLm maskedLm = RobertaForMaskedLm.create(Tiny.CONFIG, manager, 5);
    private final RobertaForSequenceClassification classifier =
            RobertaForSequenceClassification.create(Tiny.CONFIG, manager, 6);

    private final Path directory;
    private final Path weights;

    RobertaFilesTest(@TempDir Path directory) {
        this.directory = directory;
        this.weights = directory.resolve("model.safetensors");
    }

    @AfterEach
    void close() {
        manager.close();
    }

    /** Returns the tensors of the saved masked-LM model, in float32. */
    private Map<String, TensorData> tensors() {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        maskedLm.tensors().forEach((name, parameter) -> {
            Shape shape = Shape.of(parameter.getShape().getShape());
            float[] values = parameter.getArray().toFloatArray();
            tensors.put(name, TensorData.floats(name, DType.F32, shape, values));
        });
        return tensors;
    }

    private static TensorData zeros(String name, DType dtype, long... shape) {
        byte[] bytes = new byte[(int) Shape.of(shape).size() * dtype.bytes()];
        return TensorData.bytes(name, dtype, Shape.of(shape), ByteBuffer.wrap(bytes));
    }

    private void write(Map<String, TensorData> tensors) throws IOException {
        maskedLm.save(directory);
        SafetensorsWriter.write(weights, List.copyOf(tensors.values()), Map.of());
    }

    private void assertLoadFails(String... parts) {
        int before = manager.getManagedArrays().size();
        assertThatThrownBy(() -> RobertaForMaskedLm.load(directory, manager))
                .isInstanceOf(BoneException.class)
                .hasMessageContainingAll(parts);
        assertThat(manager.getManagedArrays()).hasSize(before);
    }

    @Test
    void save_thenLoad_isBitwiseTheSame() throws IOException {
        maskedLm.save(directory.resolve("mlm"));
        classifier.save(directory.resolve("new/classifier"));
        RobertaForSequenceClassification loaded =
                RobertaForSequenceClassification.load(directory.resolve("new/classifier"), manager, 0);

        assertThat(Tiny.values(RobertaForMaskedLm.load(directory.resolve("mlm"), manager)))
                .usingRecursiveComparison()
                .isEqualTo(Tiny.values(maskedLm));
        assertThat(Tiny.values(loaded)).usingRecursiveComparison().isEqualTo(Tiny.values(classifier));
        assertThat(loaded.config()).isEqualTo(Tiny.CONFIG);
        assertThat(loaded.freshTensors()).isEmpty();
    }

    @Test
    void save_twice_isTheSameFile() throws IOException {
        maskedLm.save(directory);
        byte[] first = Files.readAllBytes(weights);
        RobertaForMaskedLm.load(directory, manager).save(directory);
        assertThat(Files.readAllBytes(weights)).isEqualTo(first);
    }

    @Test
    void load_thenFileGone_keepsTheWeights() throws IOException {
        maskedLm.save(directory);
        RobertaForMaskedLm loaded = RobertaForMaskedLm.load(directory, manager);
        try (FileChannel file = FileChannel.open(weights, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.allocate((int) file.size()));
        }
        assertThat(Tiny.values(loaded)).usingRecursiveComparison().isEqualTo(Tiny.values(maskedLm));
    }

    @ParameterizedTest
    @EnumSource(names = {"F64", "F32", "F16", "BF16"})
    void load_floatingTypes_becomeFloat32(DType dtype) throws IOException {
        Map<String, TensorData> tensors = tensors();
        double[] values = new double[64];
        float[] floats = new float[64];
        for (int i = 0; i < 64; i++) {
            floats[i] = (i - 32) / 16f;
            values[i] = floats[i];
        }
        Shape shape = Shape.of(8, 8);
        tensors.put(
                QUERY,
                dtype == DType.F64
                        ? TensorData.doubles(QUERY, shape, values)
                        : TensorData.floats(QUERY, dtype, shape, floats));
        write(tensors);
        assertThat(Tiny.values(RobertaForMaskedLm.load(directory, manager)).get(QUERY))
                .containsExactly(floats);
    }

    @Test
    void load_shardedWithIndex_isTheSame() throws IOException {
        write(tensors());
        Files.delete(weights);
        List<TensorData> all = List.copyOf(tensors().values());
        StringBuilder index = new StringBuilder("{\"metadata\": {\"total_size\": 1}, \"weight_map\": {");
        for (int shard = 0; shard < 2; shard++) {
            String name = "model-0000" + (shard + 1) + "-of-00002.safetensors";
            List<TensorData> part = all.subList(shard * 10, shard == 0 ? 10 : all.size());
            SafetensorsWriter.write(directory.resolve(name), part, Map.of("format", "pt"));
            part.forEach(tensor -> index.append('"' + tensor.name() + "\": \"" + name + "\","));
        }
        index.setCharAt(index.length() - 1, '}');
        Files.writeString(directory.resolve("model.safetensors.index.json"), index.append('}'));
        assertThat(Tiny.values(RobertaForMaskedLm.load(directory, manager)))
                .usingRecursiveComparison()
                .isEqualTo(Tiny.values(maskedLm));
    }

    @Test
    void load_constantsAndCopiesOfOldFiles_areAccepted() throws IOException {
        Map<String, TensorData> tensors = tensors();
        List.of(
                        zeros("roberta.embeddings.position_ids", DType.I64, 1, 10),
                        zeros("roberta.pooler.dense.weight", DType.F32, 8, 8),
                        zeros("lm_head.decoder.weight", DType.F32, 12, 8),
                        zeros("lm_head.decoder.bias", DType.F32, 12))
                .forEach(tensor -> tensors.put(tensor.name(), tensor));
        write(tensors);
        assertThat(Tiny.values(RobertaForMaskedLm.load(directory, manager)))
                .usingRecursiveComparison()
                .isEqualTo(Tiny.values(maskedLm));
    }

    @Test
    void loadClassifier_fromPretrained_makesTheHeadAndSaysSo() throws IOException {
        maskedLm.save(directory);
        RobertaConfig config = RobertaConfig.read(directory).withLabels(List.of("a", "b", "c"));
        RobertaForSequenceClassification loaded = RobertaForSequenceClassification.load(directory, config, manager, 1);
        RobertaForSequenceClassification again = RobertaForSequenceClassification.load(directory, config, manager, 1);

        assertThat(loaded.freshTensors())
                .containsExactly(
                        "classifier.dense.weight",
                        "classifier.dense.bias",
                        "classifier.out_proj.weight",
                        "classifier.out_proj.bias");
        Map<String, float[]> values = Tiny.values(loaded);
        assertThat(values).usingRecursiveComparison().isEqualTo(Tiny.values(again));
        assertThat(values.get(QUERY)).containsExactly(Tiny.values(maskedLm).get(QUERY));
        assertThat(values.get("classifier.out_proj.weight")).hasSize(24).doesNotContain(0);
        assertThat(values.get("classifier.out_proj.bias")).containsOnly(0);
    }

    @Test
    void loadClassifier_fromBareEncoder_findsTheNamesWithoutPrefix() throws IOException {
        maskedLm.save(directory);
        List<TensorData> bare = new ArrayList<>();
        tensors().forEach((name, tensor) -> {
            if (name.startsWith("roberta.")) {
                bare.add(new TensorData(name.substring(8), DType.F32, tensor.shape(), tensor.content()));
            }
        });
        bare.add(zeros("pooler.dense.bias", DType.F32, 8));
        SafetensorsWriter.write(weights, bare, Map.of());
        RobertaForSequenceClassification loaded = RobertaForSequenceClassification.load(directory, manager, 1);
        assertThat(loaded.freshTensors()).hasSize(4);
        assertThat(Tiny.values(loaded).get(QUERY))
                .containsExactly(Tiny.values(maskedLm).get(QUERY));
    }

    @Test
    void loadClassifier_halfAHead_isAnError() throws IOException {
        Map<String, TensorData> tensors = tensors();
        tensors.put("classifier.dense.bias", zeros("classifier.dense.bias", DType.F32, 8));
        write(tensors);
        assertThatThrownBy(() -> RobertaForSequenceClassification.load(directory, manager, 1))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("'classifier.dense.weight' is missing");
    }

    @Test
    void loadClassifier_otherNumberOfClasses_namesBothShapes() throws IOException {
        classifier.save(directory);
        RobertaConfig config = RobertaConfig.read(directory).withLabels(List.of("a", "b", "c"));
        assertThatThrownBy(() -> RobertaForSequenceClassification.load(directory, config, manager, 1))
                .isInstanceOf(BoneException.class)
                .hasMessageContainingAll("classifier.out_proj.weight", "[2, 8]", "[3, 8]");
    }

    @Test
    void load_tensorMissing_namesItAndTheNearest() throws IOException {
        Map<String, TensorData> tensors = tensors();
        tensors.put(QUERY, zeros(QUERY.replace("query", "q"), DType.F32, 8, 8));
        write(tensors);
        assertLoadFails(directory.toString(), "'" + QUERY + "' is missing", "layer.0.attention.self.q.weight");
    }

    @Test
    void load_tensorUnexpected_namesItAndTheNearest() throws IOException {
        Map<String, TensorData> tensors = tensors();
        tensors.put("x", zeros(QUERY + "_g", DType.F32, 8, 8));
        write(tensors);
        assertLoadFails(directory.toString(), "'" + QUERY + "_g' has no place", "'" + QUERY + "'");
    }

    @Test
    void load_shapeDoesNotFit_namesBothShapes() throws IOException {
        Map<String, TensorData> tensors = tensors();
        tensors.put(QUERY, zeros(QUERY, DType.F32, 8, 9));
        write(tensors);
        assertLoadFails(QUERY, "[8, 9]", "[8, 8]");
    }

    @Test
    void load_integers_namesTheType() throws IOException {
        Map<String, TensorData> tensors = tensors();
        tensors.put(QUERY, zeros(QUERY, DType.I8, 8, 8));
        write(tensors);
        assertLoadFails(QUERY, "I8", "floating");
    }

    @Test
    void load_truncatedFile_namesIt() throws IOException {
        write(tensors());
        try (FileChannel file = FileChannel.open(weights, StandardOpenOption.WRITE)) {
            file.truncate(file.size() - 1);
        }
        assertLoadFails(weights.toString());
    }

    @Test
    void load_noWeights_saysWhatIsThere() throws IOException {
        maskedLm.save(directory);
        Files.delete(weights);
        assertLoadFails(directory.toString(), "model.safetensors", "config.json");
    }

    @Test
    void load_emptyFile_namesTheFirstTensor() throws IOException {
        write(Map.of());
        assertLoadFails("embeddings.word_embeddings.weight' is missing", "no tensors at all");
    }

    @Test
    void save_declaresWhatTransformersExpects() throws IOException {
        classifier.save(directory);
        assertThat(directory.resolve("config.json"))
                .content()
                .contains("\"RobertaForSequenceClassification\"", "\"model_type\": \"roberta\"");
        try (SafetensorsFile file = SafetensorsFile.open(weights)) {
            assertThat(file.metadata()).containsEntry("format", "pt");
            assertThat(file.tensors()).containsOnlyKeys(classifier.tensors().keySet());
        }
    }
}
