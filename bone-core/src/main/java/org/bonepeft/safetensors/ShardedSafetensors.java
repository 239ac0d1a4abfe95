package org.bonepeft.safetensors;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.bonepeft.json.Json;

/**
 * The weights in a model's directory: {@code model.safetensors}, or else {@code model.safetensors.index.json} and the
 * shards that it names, as Hugging Face libraries save them. Index and shards must agree exactly.
 */
public final class ShardedSafetensors implements TensorSource {
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";

    private final Map<String, SafetensorsFile> byTensor;
    private final List<SafetensorsFile> shards;
    private final Map<String, TensorInfo> tensors;

    private ShardedSafetensors(Map<String, SafetensorsFile> byTensor, List<SafetensorsFile> shards) {
        this.byTensor = byTensor;
        this.shards = shards;
        Map<String, TensorInfo> all = new LinkedHashMap<>();
        shards.forEach(shard -> all.putAll(shard.tensors()));
        this.tensors = Collections.unmodifiableMap(all);
    }

    /**
     * Opens the weights of a directory.
     *
     * @throws SafetensorsException if there are none, a file breaks a rule of the format, or index and shards differ
     * @throws IOException if a file cannot be read
     */
    public static TensorSource open(Path directory) throws IOException {
        if (Files.exists(directory.resolve(SINGLE))) {
            return SafetensorsFile.open(directory.resolve(SINGLE));
        }
        Path index = directory.resolve(INDEX);
        if (!Files.exists(index)) {
            throw new SafetensorsException(directory + " has neither " + SINGLE + " nor " + INDEX + others(directory));
        }
        return sharded(index);
    }

    private static ShardedSafetensors sharded(Path index) throws IOException {
        Map<String, String> shardOf = weightMap(index);
        Map<String, SafetensorsFile> byShard = new TreeMap<>();
        for (String shard : shardOf.values()) {
            if (!byShard.containsKey(shard)) {
                byShard.put(shard, SafetensorsFile.open(index.resolveSibling(shard)));
            }
        }
        Map<String, SafetensorsFile> byTensor = new LinkedHashMap<>();
        shardOf.forEach((tensor, shard) -> {
            SafetensorsFile file = byShard.get(shard);
            if (file == null || !file.tensors().containsKey(tensor)) {
                throw new SafetensorsException(index + ": tensor '" + tensor + "' is not in " + shard);
            }
            byTensor.put(tensor, file);
        });
        byShard.forEach((shard, file) -> file.tensors().keySet().forEach(tensor -> {
            if (byTensor.get(tensor) != file) {
                throw new SafetensorsException(index + ": " + shard + " holds tensor '" + tensor + "', which the index "
                        + (byTensor.containsKey(tensor) ? "has elsewhere" : "does not have"));
            }
        }));
        return new ShardedSafetensors(byTensor, new ArrayList<>(byShard.values()));
    }

    private static Map<String, String> weightMap(Path index) throws IOException {
        if (!(Json.readObject(index).get("weight_map") instanceof Map<?, ?> map)) {
            throw new SafetensorsException(index + ": expected an object 'weight_map': tensor name to file name");
        }
        Map<String, String> shardOf = new LinkedHashMap<>();
        map.forEach((tensor, shard) -> {
            if (!(shard instanceof String name) || !isPlainName(index, name)) {
                throw new SafetensorsException(index + ": tensor '" + tensor + "' is said to be in " + shard
                        + "; expected the name of a .safetensors file in the same directory");
            }
            shardOf.put((String) tensor, name);
        });
        return shardOf;
    }

    private static boolean isPlainName(Path index, String name) {
        return name.endsWith(".safetensors")
                && name.indexOf('/') < 0
                && name.indexOf('\\') < 0
                && name.indexOf('\0') < 0
                && index.resolveSibling(name).getNameCount() == index.getNameCount();
    }

    private static String others(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            List<String> names = files.map(file -> String.valueOf(file.getFileName()))
                    .sorted()
                    .limit(8)
                    .toList();
            return ", but " + (names.isEmpty() ? "nothing" : String.join(", ", names))
                    + "; bone reads safetensors only";
        }
    }

    /** Returns what the first shard says; shards are saved with the same metadata. */
    @Override
    public Map<String, String> metadata() {
        return shards.isEmpty() ? Map.of() : shards.get(0).metadata();
    }

    /** Returns all tensors, shard by shard; offsets count within the tensor's own shard. */
    @Override
    public Map<String, TensorInfo> tensors() {
        return tensors;
    }

    @Override
    public ByteBuffer bytes(String name, long offset, int length) {
        SafetensorsFile shard = byTensor.get(name);
        if (shard == null) {
            throw new SafetensorsException(tensor(name) + " is in no shard");
        }
        return shard.bytes(name, offset, length);
    }

    @Override
    public void close() {
        shards.forEach(SafetensorsFile::close);
    }
}
