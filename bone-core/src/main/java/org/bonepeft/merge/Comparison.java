package org.bonepeft.merge;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.bonepeft.json.Json;
import org.bonepeft.safetensors.TensorInfo;
import org.bonepeft.safetensors.TensorSource;
import org.jspecify.annotations.Nullable;

/**
 * What differs between two models, adapters or files.
 *
 * @param equal how many tensors are the same, bit by bit
 * @param tensors those that are not, by name
 * @param settings keys of the configurations whose values differ, with both values as JSON or {@code absent}
 */
public record Comparison(int equal, Map<String, Difference> tensors, Map<String, List<String>> settings) {
    /** Settings that are sets in PEFT, which writes them in any order. */
    private static final Set<String> SETS = Set.of("target_modules", "exclude_modules", "modules_to_save");

    /** How a tensor differs. */
    public sealed interface Difference {}

    /** It is in one of the two only. */
    public record OnlyIn(Path path) implements Difference {}

    /** Its shape differs, or its type is not floating and differs. */
    public record OtherKind(String a, String b) implements Difference {}

    /**
     * Its values differ.
     *
     * @param count how many elements
     * @param largest the largest difference of two elements; NaN if one of them is NaN
     * @param relative that, in units of the largest element of the first
     * @param types both element types
     */
    public record Values(long count, double largest, double relative, String types) implements Difference {}

    /** Returns whether there is no difference at all. */
    public boolean same() {
        return tensors.isEmpty() && settings.isEmpty();
    }

    /** Compares what lies at two paths: files, adapter directories or model directories. */
    public static Comparison of(Path a, Path b) throws IOException {
        try (TensorSource first = TensorFiles.open(a);
                TensorSource second = TensorFiles.open(b)) {
            Set<String> names = new TreeSet<>(first.tensors().keySet());
            names.addAll(second.tensors().keySet());
            Map<String, Difference> differences = new LinkedHashMap<>();
            for (String name : names) {
                @Nullable TensorInfo inA = first.tensors().get(name);
                @Nullable TensorInfo inB = second.tensors().get(name);
                if (inA == null || inB == null) {
                    differences.put(name, new OnlyIn(inA == null ? b : a));
                } else {
                    @Nullable Difference difference = difference(first, inA, second, inB);
                    if (difference != null) {
                        differences.put(name, difference);
                    }
                }
            }
            return new Comparison(names.size() - differences.size(), differences, settings(a, b));
        }
    }

    private static @Nullable Difference difference(TensorSource a, TensorInfo inA, TensorSource b, TensorInfo inB) {
        boolean sameType = inA.dtype() == inB.dtype();
        boolean floating = inA.dtype().isFloating() && inB.dtype().isFloating();
        if (!inA.shape().equals(inB.shape()) || (!sameType && !floating)) {
            return new OtherKind(inA.dtype() + " " + inA.shape(), inB.dtype() + " " + inB.shape());
        }
        if (sameType && sameBytes(a, b, inA)) {
            return null;
        }
        if (!floating) {
            return new Values(count(a, b, inA), Double.NaN, Double.NaN, "" + inA.dtype());
        }
        return values(a, inA, b, inB);
    }

    private static boolean sameBytes(TensorSource a, TensorSource b, TensorInfo info) {
        for (long offset = 0; offset < info.byteSize(); offset += Workers.PART) {
            int length = (int) Math.min(Workers.PART, info.byteSize() - offset);
            if (!a.bytes(info.name(), offset, length).equals(b.bytes(info.name(), offset, length))) {
                return false;
            }
        }
        return true;
    }

    private static long count(TensorSource a, TensorSource b, TensorInfo info) {
        int width = info.dtype().bytes();
        long count = 0;
        for (long offset = 0; offset < info.byteSize(); offset += width) {
            count += a.bytes(info.name(), offset, width).equals(b.bytes(info.name(), offset, width)) ? 0 : 1;
        }
        return count;
    }

    private static Difference values(TensorSource a, TensorInfo inA, TensorSource b, TensorInfo inB) {
        RowStream first = RowStream.elements(a, inA);
        RowStream second = RowStream.elements(b, inB);
        long size = inA.shape().size();
        double[] x = new double[(int) Math.min(size, Workers.PART)];
        double[] y = new double[x.length];
        long count = 0;
        double largest = 0;
        double scale = 0;
        for (long from = 0; from < size; from += x.length) {
            long to = Math.min(size, from + x.length);
            first.read(from, to, x);
            second.read(from, to, y);
            for (int i = 0; i < to - from; i++) {
                scale = Math.max(scale, Math.abs(x[i]));
                if (Double.compare(x[i], y[i]) != 0) {
                    count++;
                    largest = Math.max(largest, Math.abs(x[i] - y[i]));
                }
            }
        }
        String types = inA.dtype() == inB.dtype() ? "" + inA.dtype() : inA.dtype() + ", " + inB.dtype();
        return new Values(count, largest, largest / scale, types);
    }

    private static Map<String, List<String>> settings(Path a, Path b) throws IOException {
        Map<String, @Nullable Object> first = config(a);
        Map<String, @Nullable Object> second = config(b);
        Set<String> keys = new TreeSet<>(first.keySet());
        keys.addAll(second.keySet());
        Map<String, List<String>> differences = new LinkedHashMap<>();
        for (String key : keys) {
            List<String> both = new ArrayList<>();
            for (Map<String, @Nullable Object> config : List.of(first, second)) {
                both.add(config.containsKey(key) ? oneLine(sorted(key, config.get(key))) : "absent");
            }
            if (!both.get(0).equals(both.get(1))) {
                differences.put(key, both);
            }
        }
        return differences;
    }

    private static Map<String, @Nullable Object> config(Path path) throws IOException {
        Path file = path.resolve(TensorFiles.isAdapter(path) ? TensorFiles.ADAPTER_CONFIG : TensorFiles.MODEL_CONFIG);
        return Files.exists(file) ? Json.readObject(file) : Map.of();
    }

    private static @Nullable Object sorted(String key, @Nullable Object value) {
        return SETS.contains(key) && value instanceof List<?> list
                ? list.stream().map(String::valueOf).sorted().toList()
                : value;
    }

    private static String oneLine(@Nullable Object json) {
        return Json.print(json).replaceAll("\\s*\\n\\s*", " ");
    }
}
