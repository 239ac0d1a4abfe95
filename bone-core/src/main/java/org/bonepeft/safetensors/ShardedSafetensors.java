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
import java.util.Objects;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bonepeft.json.Json;

/**
 * The weights in a model's directory: {@code model.safetensors}, or else {@code model.safetensors.index.json} and the
 * shards that it names, as Hugging Face libraries save them. Index and shards must agree exactly.
 */
public final class ShardedSafetensors implements TensorSource {
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";

    /** A file beside the index, never a path that leads elsewhere. */
    private static final Pattern SHARD = Pattern.compile("[\\w.-]+\\.safetensors");

    private final Path index;
    private final List<SafetensorsFile> shards = new ArrayList<>();
    private final Map<String, SafetensorsFile> byTensor = new LinkedHashMap<>();
    private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();

    /**
     * Opens the weights of a directory.
     *
     * @throws SafetensorsException if there are none, a file breaks a rule of the format, or index and shards differ
     * @throws IOException if a file cannot be read
     */
    public static TensorSource open(Path directory) throws IOException {
        return open(directory, SafetensorsFile::open);
    }

    /**
     * Opens the weights of a directory, with buffers that may be written to; see {@link SafetensorsFile#openCopyOnWrite}.
     *
     * @throws SafetensorsException as {@link #open}
     * @throws IOException if a file cannot be read, or may not be written
     */
    public static TensorSource openCopyOnWrite(Path directory) throws IOException {
        return open(directory, SafetensorsFile::openCopyOnWrite);
    }

    @FunctionalInterface
    private interface Opener {
        SafetensorsFile open(Path path) throws IOException;
    }

    private static TensorSource open(Path directory, Opener opener) throws IOException {
        if (Files.exists(directory.resolve(SINGLE))) {
            return opener.open(directory.resolve(SINGLE));
        }
        Path index = directory.resolve(INDEX);
        if (!Files.exists(index)) {
            try (Stream<Path> files = Files.list(directory)) {
                List<Path> found =
                        files.map(Path::getFileName).sorted().limit(8).toList();
                throw new SafetensorsException(directory + " has neither " + SINGLE + " nor " + INDEX
                        + ", which are all that bone reads; it has " + found);
            }
        }
        return new ShardedSafetensors(index, opener);
    }

    private ShardedSafetensors(Path index, Opener opener) throws IOException {
        this.index = index;
        Map<String, String> shardOf = weightMap();
        for (String shard : new TreeSet<>(shardOf.values())) {
            Path path = index.resolveSibling(shard);
            if (!Files.exists(path)) {
                throw new SafetensorsException(
                        index + ": the shard " + shard + " is missing; it belongs beside the index");
            }
            SafetensorsFile file = opener.open(path);
            shards.add(file);
            file.tensors().forEach((tensor, info) -> {
                if (!shard.equals(shardOf.get(tensor))) {
                    throw new SafetensorsException(index + ": " + shard + " holds tensor " + Names.quoted(tensor)
                            + ", but the index has it " + (shardOf.containsKey(tensor) ? "elsewhere" : "nowhere"));
                }
                byTensor.put(tensor, file);
                tensors.put(tensor, info);
            });
        }
        shardOf.forEach((tensor, shard) -> {
            if (!byTensor.containsKey(tensor)) {
                throw new SafetensorsException(index + ": tensor " + Names.quoted(tensor) + " is not in " + shard);
            }
        });
    }

    private Map<String, String> weightMap() throws IOException {
        if (!(Json.readObject(index).get("weight_map") instanceof Map<?, ?> map)) {
            throw new SafetensorsException(index + ": expected an object 'weight_map': tensor name to file name");
        }
        Map<String, String> shardOf = new LinkedHashMap<>();
        map.forEach((tensor, shard) -> {
            if (!(shard instanceof String name && SHARD.matcher(name).matches())) {
                throw new SafetensorsException(index + ": tensor " + Names.quoted((String) tensor)
                        + " is said to be in " + Names.quoted(String.valueOf(shard))
                        + "; expected a .safetensors file in the same directory");
            }
            shardOf.put((String) tensor, name);
        });
        return shardOf;
    }

    /** Returns what the first shard says; all shards of a model are saved with the same metadata. */
    @Override
    public Map<String, String> metadata() {
        return shards.isEmpty() ? Map.of() : shards.get(0).metadata();
    }

    /** Returns all tensors, shard by shard; their offsets count within the shard of each. */
    @Override
    public Map<String, TensorInfo> tensors() {
        return Collections.unmodifiableMap(tensors);
    }

    @Override
    public TensorInfo tensor(String name) {
        try {
            return TensorSource.super.tensor(name);
        } catch (SafetensorsException e) {
            throw e.in(index);
        }
    }

    @Override
    public ByteBuffer bytes(String name, long offset, int length) {
        SafetensorsFile shard = Objects.requireNonNull(byTensor.get(tensor(name).name()));
        return shard.bytes(name, offset, length);
    }

    @Override
    public void close() {
        shards.forEach(SafetensorsFile::close);
    }
}
