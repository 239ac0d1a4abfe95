package org.bonepeft.merge;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.json.Json;
import org.bonepeft.peft.AdapterFile;
import org.bonepeft.safetensors.TensorInfo;
import org.bonepeft.safetensors.TensorSource;
import org.bonepeft.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * What a model directory, an adapter directory or a safetensors file holds.
 *
 * @param kind {@code model}, {@code adapter} or {@code file}
 * @param tensors by name, in the order of the file
 * @param config the configuration beside them, empty if there is none
 * @param methods of an adapter: its method on each layer
 * @param odd what a careful user would ask about
 */
public record Inspection(
        String kind,
        Map<String, Statistics> tensors,
        Map<String, @Nullable Object> config,
        Map<String, AdapterMethod> methods,
        List<String> odd) {
    /**
     * A tensor.
     *
     * @param info its type, shape and place
     * @param norm the square root of the sum of squares of its finite elements; NaN if its type is not floating
     * @param largest the largest magnitude among them
     * @param notFinite how many elements are NaN or infinite
     */
    public record Statistics(TensorInfo info, double norm, double largest, long notFinite) {}

    /** Returns the number of bytes that {@link #of} reads. */
    public static long bytes(Path path) throws IOException {
        try (TensorSource source = TensorFiles.open(path)) {
            return source.tensors().values().stream()
                    .mapToLong(TensorInfo::byteSize)
                    .sum();
        }
    }

    /** Returns the number of elements. */
    public long elements() {
        return tensors.values().stream()
                .mapToLong(tensor -> tensor.info().shape().size())
                .sum();
    }

    /** Returns the bytes of all tensors by type. */
    public Map<DType, Long> bytesByType() {
        Map<DType, Long> bytes = new EnumMap<>(DType.class);
        tensors.values()
                .forEach(tensor ->
                        bytes.merge(tensor.info().dtype(), tensor.info().byteSize(), Long::sum));
        return bytes;
    }

    /**
     * Looks at everything.
     *
     * @param progress is told of bytes as they are read
     */
    public static Inspection of(Path path, LongConsumer progress) throws IOException {
        try (TensorSource source = TensorFiles.open(path)) {
            Map<String, Statistics> tensors = new LinkedHashMap<>();
            for (TensorInfo info : source.tensors().values()) {
                tensors.put(info.name(), statistics(source, info));
                progress.accept(info.byteSize());
            }
            List<String> odd = new ArrayList<>(oddTensors(tensors));
            if (!Files.isDirectory(path)) {
                return new Inspection("file", tensors, Map.of(), Map.of(), odd);
            }
            if (TensorFiles.isAdapter(path)) {
                try (AdapterFile adapter = AdapterFile.openLenient(path, odd::add)) {
                    odd.addAll(adapter.config().unknownKeys().stream()
                            .map(key -> "adapter_config.json has the unknown key " + key)
                            .toList());
                    odd.addAll(adapter.base().keySet().stream()
                            .map(name ->
                                    name + " of the base lies beside the adapter; using it needs the same in the model")
                            .toList());
                    return new Inspection(
                            "adapter", tensors, adapter.config().values(), new LinkedHashMap<>(adapter.methods()), odd);
                }
            }
            odd.addAll(oddFiles(path));
            return new Inspection("model", tensors, config(path, odd), Map.of(), odd);
        }
    }

    private static Statistics statistics(TensorSource source, TensorInfo info) {
        if (!info.dtype().isFloating()) {
            return new Statistics(info, Double.NaN, Double.NaN, 0);
        }
        RowStream elements = RowStream.elements(source, info);
        long size = info.shape().size();
        double[] part = new double[(int) Math.min(size, Workers.PART)];
        double squares = 0;
        double largest = 0;
        long notFinite = 0;
        for (long from = 0; from < size; from += part.length) {
            int count = (int) Math.min(part.length, size - from);
            elements.read(from, from + count, part);
            for (int i = 0; i < count; i++) {
                if (Double.isFinite(part[i])) {
                    squares += part[i] * part[i];
                    largest = Math.max(largest, Math.abs(part[i]));
                } else {
                    notFinite++;
                }
            }
        }
        return new Statistics(info, Math.sqrt(squares), largest, notFinite);
    }

    private static List<String> oddTensors(Map<String, Statistics> tensors) {
        List<String> odd = new ArrayList<>();
        tensors.forEach((name, tensor) -> {
            if (tensor.notFinite() > 0) {
                odd.add(name + ": " + tensor.notFinite() + " elements are not finite");
            } else if (tensor.info().shape().size() == 0) {
                odd.add(name + " is empty");
            } else if (tensor.largest() == 0) {
                odd.add(name + " is all zeros");
            }
        });
        return odd;
    }

    private static List<String> oddFiles(Path directory) throws IOException {
        List<String> odd = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*.{bin,pt,pth,ckpt,pkl}")) {
            files.forEach(file -> odd.add(file.getFileName() + " is a pickle; it is not read"));
        }
        return odd;
    }

    private static Map<String, @Nullable Object> config(Path directory, List<String> odd) throws IOException {
        Path file = directory.resolve(TensorFiles.MODEL_CONFIG);
        if (!Files.exists(file)) {
            odd.add("there is no " + TensorFiles.MODEL_CONFIG);
            return Map.of();
        }
        try {
            return Json.readObject(file);
        } catch (BoneException e) {
            odd.add(String.valueOf(e.getMessage()));
            return Map.of();
        }
    }
}
