package org.bonepeft.djl.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.bonepeft.BoneException;
import org.bonepeft.json.Json;
import org.jspecify.annotations.Nullable;

/**
 * The {@code config.json} of a Hugging Face directory, read strictly: a value of the wrong type is an error that names
 * the file, the key, what stands there and what was expected. A key whose value is {@code null} counts as absent.
 */
public final class HfConfig {
    /** The file's name. */
    public static final String FILE = "config.json";

    private static final String LABELS = "id2label";

    private final Path file;
    private final String prefix;
    private final Map<String, @Nullable Object> values;

    private HfConfig(Path file, String prefix, Map<String, @Nullable Object> values) {
        this.file = file;
        this.prefix = prefix;
        this.values = values;
    }

    /**
     * Reads {@code directory/config.json}.
     *
     * @throws BoneException if there is no such file, or it holds no JSON object
     * @throws IOException if it cannot be read
     */
    public static HfConfig read(Path directory) throws IOException {
        Path file = directory.resolve(FILE);
        if (!Files.isRegularFile(file)) {
            throw new BoneException(
                    "no " + FILE + " in " + directory + "; expected a model directory as Hugging Face saves it");
        }
        return new HfConfig(file, "", Json.readObject(file));
    }

    /** Returns a positive integer that must be there. */
    public int count(String key) {
        return find(key)
                .map(value -> integer(key, value, 1))
                .orElseThrow(() -> new BoneException(file + ": " + prefix + key + " is missing"));
    }

    /** Returns a positive integer. */
    public int count(String key, int absent) {
        return find(key).map(value -> integer(key, value, 1)).orElse(absent);
    }

    /** Returns the index of a token, 0 or more. */
    public int index(String key, int absent) {
        return find(key).map(value -> integer(key, value, 0)).orElse(absent);
    }

    /** Returns the id of padding, if there is any; as in torch, a negative one counts from the end of the vocabulary. */
    public OptionalInt padding(String key, int vocabSize) {
        return find(key)
                .map(value -> integer(key, value, -vocabSize))
                .map(id -> OptionalInt.of(id < 0 ? id + vocabSize : id))
                .orElse(OptionalInt.empty());
    }

    /** Returns token ids, 0 or more each: a list, or one alone. */
    public List<Integer> indices(String key) {
        List<Integer> indices = new ArrayList<>();
        find(key).ifPresent(value -> {
            for (Object item : value instanceof List<?> list ? list : List.of(value)) {
                indices.add(integer(key, item, 0));
            }
        });
        return indices;
    }

    /** Returns a number that must be there. */
    public double number(String key) {
        if (find(key).isEmpty()) {
            throw new BoneException(file + ": " + prefix + key + " is missing");
        }
        return number(key, 0);
    }

    /** Returns a number. */
    public double number(String key, double absent) {
        return find(key)
                .map(value -> as(Number.class, key, value, "a number").doubleValue())
                .orElse(absent);
    }

    /** Returns true or false. */
    public boolean flag(String key, boolean absent) {
        return find(key)
                .map(value -> as(Boolean.class, key, value, "true or false"))
                .orElse(absent);
    }

    /** Returns a string. */
    public String text(String key, String absent) {
        return find(key).map(value -> as(String.class, key, value, "a string")).orElse(absent);
    }

    /** Returns the strings of a list, or empty if there is none. */
    public Optional<List<String>> texts(String key) {
        return find(key)
                .map(value -> as(List.class, key, value, "a list of strings"))
                .map(list -> {
                    List<String> texts = new ArrayList<>();
                    for (Object item : (List<?>) list) {
                        texts.add(as(String.class, key, item, "a list of strings"));
                    }
                    return texts;
                });
    }

    /** Returns the object that stands at a key; its own errors name both keys. */
    @SuppressWarnings("unchecked") // Json makes only maps with String keys
    public Optional<HfConfig> object(String key) {
        return find(key).map(value -> new HfConfig(file, prefix + key + ".", as(Map.class, key, value, "an object")));
    }

    /** Returns whether the file has this key, if only with the value {@code null}. */
    public boolean has(String key) {
        return values.containsKey(key);
    }

    /**
     * Returns the names of the classes in the order of their indices: those of {@code id2label}, or {@code LABEL_0} and
     * so on, as many as {@code num_labels} says, by default two.
     */
    public List<String> labels() {
        Optional<Object> named = find(LABELS);
        if (named.isEmpty()) {
            return IntStream.range(0, count("num_labels", 2))
                    .mapToObj(i -> "LABEL_" + i)
                    .toList();
        }
        Map<?, ?> byIndex = as(Map.class, LABELS, named.get(), "an object");
        List<String> labels = new ArrayList<>();
        for (int i = 0; i < byIndex.size(); i++) {
            if (!(byIndex.get(Integer.toString(i)) instanceof String label)) {
                throw unfit(LABELS, "a string for each of the keys \"0\" to \"" + (byIndex.size() - 1) + '"');
            }
            labels.add(label);
        }
        return labels;
    }

    /** Checks that a key is absent or has the only value that is supported. */
    public void require(String key, Object only) {
        if (!find(key).orElse(only).equals(only)) {
            throw unfit(key, only.toString());
        }
    }

    /** Returns the error that {@code key} has a value which does not fit. */
    public BoneException unfit(String key, String expected) {
        return new BoneException(file + ": " + prefix + key + " is " + values.get(key) + ", expected " + expected);
    }

    /** Returns where this was read. */
    public Path file() {
        return file;
    }

    private Optional<Object> find(String key) {
        return Optional.ofNullable(values.get(key));
    }

    private int integer(String key, Object value, int least) {
        if (value instanceof Long number && number >= least && number <= Integer.MAX_VALUE) {
            return number.intValue();
        }
        throw unfit(key, "an integer from " + least + " on");
    }

    private <T> T as(Class<T> type, String key, Object value, String expected) {
        if (!type.isInstance(value)) {
            throw unfit(key, expected);
        }
        return type.cast(value);
    }
}
