package org.bonepeft.merge;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.json.Json;
import org.bonepeft.peft.AdapterLayer;
import org.bonepeft.peft.AdapterTensor;
import org.bonepeft.peft.PeftAdapter;
import org.bonepeft.peft.PeftConfig;
import org.bonepeft.peft.Targets;
import org.bonepeft.safetensors.SafetensorsWriter;
import org.bonepeft.safetensors.ShardedSafetensors;
import org.bonepeft.safetensors.TensorData;
import org.bonepeft.safetensors.TensorSource;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;

/** Small model directories with random weights: two layers, each with a square and a tall linear layer and a norm. */
final class ModelFiles {
    static final int HIDDEN = 16;
    static final int WIDE = 24;

    private final Path directory;
    private final DType type;
    private final Map<String, List<TensorData>> shards = new TreeMap<>();
    private final SplittableRandom random = new SplittableRandom(7);

    private ModelFiles(Path directory, DType type) {
        this.directory = directory;
        this.type = type;
    }

    /** Writes a model of one file, or of a file for each layer and an index. */
    static Path write(Path directory, DType type, boolean sharded) throws IOException {
        return write(directory, type, sharded, "model.");
    }

    static Path write(Path directory, DType type, boolean sharded, String prefix) throws IOException {
        ModelFiles files = new ModelFiles(Files.createDirectories(directory), type);
        for (int layer = 0; layer < 2; layer++) {
            String shard = sharded ? "model-0000%d-of-00002.safetensors".formatted(layer + 1) : "model.safetensors";
            String path = prefix + "layers." + layer + ".";
            files.add(shard, path + "q_proj.weight", HIDDEN, HIDDEN);
            files.add(shard, path + "q_proj.bias", HIDDEN);
            files.add(shard, path + "up_proj.weight", WIDE, HIDDEN);
            files.add(shard, path + "norm.weight", HIDDEN);
        }
        files.save();
        return directory;
    }

    private void add(String shard, String name, long... dims) {
        Shape shape = Shape.of(dims);
        double[] values = random.doubles(shape.size(), -1, 1).toArray();
        shards.computeIfAbsent(shard, key -> new ArrayList<>())
                .add(type == DType.F64 ? TensorData.doubles(name, shape, values) : floats(name, shape, values));
    }

    private TensorData floats(String name, Shape shape, double[] values) {
        float[] narrow = new float[values.length];
        for (int i = 0; i < narrow.length; i++) {
            narrow[i] = (float) values[i];
        }
        return TensorData.floats(name, type, shape, narrow);
    }

    private void save() throws IOException {
        Map<String, Object> files = new LinkedHashMap<>();
        long size = 0;
        for (Map.Entry<String, List<TensorData>> shard : shards.entrySet()) {
            SafetensorsWriter.write(directory.resolve(shard.getKey()), shard.getValue(), Map.of("format", "pt"));
            for (TensorData tensor : shard.getValue()) {
                files.put(tensor.name(), shard.getKey());
                size += tensor.byteSize();
            }
        }
        if (shards.size() > 1) {
            String index = Json.print(Map.of("metadata", Map.of("total_size", size), "weight_map", files));
            Files.writeString(directory.resolve(Checkpoint.INDEX), index);
        }
        Files.writeString(directory.resolve("config.json"), "{\n  \"tie_word_embeddings\": true\n}\n");
        Files.writeString(directory.resolve("tokenizer.json"), "{}");
        Files.writeString(directory.resolve("pytorch_model.bin"), "old");
    }

    /** Returns an adapter of random values for all linear layers. */
    static PeftAdapter adapter(AdapterMethod method, String prefix) {
        SplittableRandom random = new SplittableRandom(5);
        Map<String, AdapterLayer> layers = new LinkedHashMap<>();
        for (int i = 0; i < 2; i++) {
            for (LayerSpec layer : List.of(
                    new LayerSpec(prefix + "layers." + i + ".q_proj", HIDDEN, HIDDEN, false),
                    new LayerSpec(prefix + "layers." + i + ".up_proj", HIDDEN, WIDE, false))) {
                Map<String, AdapterTensor> parameters = new LinkedHashMap<>();
                method.parameters(layer)
                        .forEach(parameter -> parameters.put(parameter.name(), random(parameter.shape(), random)));
                layers.put(layer.path(), new AdapterLayer(method, parameters));
            }
        }
        return new PeftAdapter(PeftConfig.of(method, Targets.of("q_proj", "up_proj")), layers, Map.of());
    }

    /** Returns the adapter with some of a model's tensors beside it, as PEFT saves those of the head. */
    static PeftAdapter withBase(PeftAdapter adapter, Path model, String... names) throws IOException {
        Map<String, AdapterTensor> base = new LinkedHashMap<>();
        try (TensorSource source = ShardedSafetensors.open(model)) {
            for (String name : names) {
                base.put(name, new AdapterTensor(source.tensor(name).shape(), source.floats(name)));
            }
        }
        return new PeftAdapter(adapter.config(), adapter.layers(), adapter.saved(), base);
    }

    static AdapterTensor random(Shape shape, SplittableRandom random) {
        float[] values = new float[(int) shape.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(-0.5, 0.5);
        }
        return new AdapterTensor(shape, values);
    }
}
