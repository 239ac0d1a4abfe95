package org.bonepeft.testkit;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bonepeft.BoneException;
import org.bonepeft.json.Json;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * One golden linear layer with an adapter, float64: {@code y = x (weight + delta)^T + bias}, and the gradients that a
 * cotangent {@code dy} gives.
 *
 * <p>Tensors: {@code x [.., in]}, {@code weight [out, in]}, {@code bias [out]}, {@code param.<name>}, {@code y [.., out]},
 * {@code delta} and {@code merged [out, in]}, {@code dy}, {@code dx}, {@code grad.<name>}.
 *
 * @param name the file's name, for messages only
 * @param method the adapter, for example {@code bat}
 * @param config its settings: {@code r}, {@code grouping}, {@code alpha}, ...
 * @param oracle what computed the case
 */
public record LayerCase(
        String name, String method, Map<String, @Nullable Object> config, String oracle, Map<String, Array> tensors) {
    /** A dense array, row by row; compared by {@link Tolerance}, never by equals. */
    @SuppressWarnings("ArrayRecordComponent")
    public record Array(Shape shape, double[] values) {}

    /** Reads a file of {@link GoldenFolder#layers()}. */
    public static LayerCase read(Path file) throws IOException {
        try (SafetensorsFile source = SafetensorsFile.open(file)) {
            Map<String, Array> tensors = new LinkedHashMap<>();
            source.tensors().forEach((name, info) -> tensors.put(name, new Array(info.shape(), source.doubles(name))));
            return new LayerCase(
                    String.valueOf(file.getFileName()),
                    metadata(source, "method"),
                    Json.parseObject(metadata(source, "config"), file + ", config"),
                    metadata(source, "oracle"),
                    tensors);
        }
    }

    /**
     * Returns a tensor.
     *
     * @throws BoneException if the case has none of this name
     */
    public Array tensor(String tensor) {
        Array array = tensors.get(tensor);
        if (array == null) {
            throw new BoneException(name + " has no tensor '" + tensor + "' but " + tensors.keySet());
        }
        return array;
    }

    /** Returns the tensors {@code param.<name>}, by {@code <name>}. */
    public Map<String, Array> params() {
        return withPrefix("param.");
    }

    /** Returns the tensors {@code grad.<name>}, by {@code <name>}. */
    public Map<String, Array> grads() {
        return withPrefix("grad.");
    }

    private Map<String, Array> withPrefix(String prefix) {
        Map<String, Array> found = new LinkedHashMap<>();
        tensors.forEach((tensor, array) -> {
            if (tensor.startsWith(prefix)) {
                found.put(tensor.substring(prefix.length()), array);
            }
        });
        return found;
    }

    private static String metadata(SafetensorsFile source, String key) {
        String value = source.metadata().get(key);
        if (value == null) {
            throw new BoneException(source + " is no golden layer: no metadata '" + key + "'");
        }
        return value;
    }

    @Override
    public String toString() {
        return name;
    }
}
