package org.bonepeft.merge;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.json.Json;
import org.bonepeft.peft.BaseWeight;
import org.bonepeft.safetensors.ShardedSafetensors;
import org.bonepeft.safetensors.TensorData;
import org.bonepeft.safetensors.TensorInfo;
import org.bonepeft.safetensors.TensorSource;
import org.jspecify.annotations.Nullable;

/**
 * A Hugging Face model directory: its weights, which file each lies in, and the files beside them.
 *
 * @param shards names of tensors by the name of their file
 */
record Checkpoint(Path directory, TensorSource weights, Map<String, List<String>> shards) implements Closeable {
    static final String SINGLE = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";

    private static final String WEIGHT = ".weight";
    private static final List<String> WEIGHT_FILES =
            List.of(".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack", ".gguf", ".onnx", ".index.json");

    static Checkpoint open(Path directory) throws IOException {
        TensorSource weights = ShardedSafetensors.open(directory);
        Map<String, List<String>> shards = new TreeMap<>();
        Path index = directory.resolve(INDEX);
        Map<?, ?> files = Files.exists(directory.resolve(SINGLE))
                ? Map.of()
                : Json.readObject(index).get("weight_map") instanceof Map<?, ?> map ? map : Map.of();
        for (String name : weights.tensors().keySet()) {
            @Nullable Object file = files.get(name);
            shards.computeIfAbsent(file instanceof String shard ? shard : SINGLE, key -> new ArrayList<>())
                    .add(name);
        }
        return new Checkpoint(directory, weights, shards);
    }

    /** Returns the number of bytes of all tensors. */
    long bytes() {
        return weights.tensors().values().stream()
                .mapToLong(TensorInfo::byteSize)
                .sum();
    }

    /** Returns what may be a linear layer, by path: a matrix of floating type that is named weight. */
    Map<String, LayerSpec> linears(boolean transposed) {
        Map<String, LayerSpec> linears = new LinkedHashMap<>();
        weights.tensors().forEach((name, info) -> {
            if (name.endsWith(WEIGHT)
                    && info.shape().rank() == 2
                    && info.dtype().isFloating()
                    && info.shape().size() > 0) {
                String path = name.substring(0, name.length() - WEIGHT.length());
                long rows = info.shape().dim(0);
                long columns = info.shape().dim(1);
                linears.put(path, new LayerSpec(path, transposed ? rows : columns, transposed ? columns : rows, false));
            }
        });
        return linears;
    }

    /**
     * Returns how an adapter's paths are called here. A model that was saved without its head lacks the first part of
     * each path ({@code transformer.h.0} is {@code h.0}), or has one that the adapter's paths lack.
     *
     * @param paths of the adapter's layers
     * @param here paths of the layers here
     */
    static UnaryOperator<String> renaming(Collection<String> paths, Collection<String> here) {
        return Stream.concat(
                        Stream.of(UnaryOperator.<String>identity(), path -> path.substring(path.indexOf('.') + 1)),
                        here.stream()
                                .map(path -> path.substring(0, path.indexOf('.') + 1))
                                .distinct()
                                .map(first -> path -> first + path))
                .filter(naming -> paths.stream().map(naming).allMatch(here::contains))
                .findFirst()
                .orElse(UnaryOperator.identity());
    }

    boolean has(String name) {
        return weights.tensors().containsKey(name);
    }

    /** Returns what a tensor of an adapter's base is called here, if it is here. */
    String here(String name, UnaryOperator<String> naming) {
        return has(name) || !has(naming.apply(name)) ? name : naming.apply(name);
    }

    /** Returns all tensors, and those of some names of an adapter's base by these too. */
    Map<String, BaseWeight> baseWeights(Collection<String> names, UnaryOperator<String> naming) {
        Map<String, BaseWeight> found = new LinkedHashMap<>();
        weights.tensors().forEach((name, info) -> found.put(name, BaseWeight.of(weights, info)));
        for (String name : names) {
            if (has(here(name, naming))) {
                found.put(name, BaseWeight.of(weights, weights.tensor(here(name, naming))));
            }
        }
        return found;
    }

    /** Returns the files beside the weights: configuration, tokenizer, license. */
    List<Path> otherFiles() throws IOException {
        List<Path> others = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
                if (Files.isRegularFile(file)
                        && !name.startsWith(".")
                        && WEIGHT_FILES.stream().noneMatch(name::endsWith)) {
                    others.add(file);
                }
            }
        }
        return others;
    }

    /**
     * Writes the index of a copy of these weights, if they have one.
     *
     * @param added tensors that were added to the last shard
     */
    void writeIndex(Path out, List<TensorData> added) throws IOException {
        Path index = directory.resolve(INDEX);
        if (shards.containsKey(SINGLE) || !Files.exists(index)) {
            return;
        }
        if (added.isEmpty()) {
            Files.copy(index, out.resolve(INDEX));
            return;
        }
        Map<String, @Nullable Object> json = Json.readObject(index);
        Map<String, Object> files = new LinkedHashMap<>();
        shards.forEach((shard, names) -> names.forEach(name -> files.put(name, shard)));
        added.forEach(tensor -> files.put(tensor.name(), lastShard()));
        long size = bytes() + added.stream().mapToLong(TensorData::byteSize).sum();
        json.put("weight_map", files);
        json.put("metadata", Map.of("total_size", size));
        Files.writeString(out.resolve(INDEX), Json.print(json) + "\n");
    }

    /** Returns the name of the file that takes additional tensors. */
    String lastShard() {
        return List.copyOf(shards.keySet()).get(shards.size() - 1);
    }

    @Override
    public void close() throws IOException {
        weights.close();
    }
}
