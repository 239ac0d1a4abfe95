package org.bonepeft.examples.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bonepeft.BoneException;
import org.jspecify.annotations.Nullable;

/**
 * A JSON object whose fields must be there and of the type asked for.
 *
 * @param path where it stands in the file, for errors
 */
record Fields(String path, Map<String, @Nullable Object> values) {
    /** Returns the names. */
    Set<String> names() {
        return values.keySet();
    }

    /** Returns whether there is such a field. */
    boolean has(String name) {
        return values.containsKey(name);
    }

    /** Returns a string. */
    String text(String name) {
        return value(name, String.class);
    }

    /** Returns a number. */
    double number(String name) {
        return value(name, Number.class).doubleValue();
    }

    /** Returns an integer. */
    int integer(String name) {
        return Math.toIntExact(value(name, Long.class));
    }

    /** Returns true or false. */
    boolean flag(String name) {
        return value(name, Boolean.class);
    }

    /** Returns a list of strings. */
    List<String> texts(String name) {
        List<?> values = value(name, List.class);
        return values.stream().map(String::valueOf).toList();
    }

    /** Returns an object. */
    @SuppressWarnings("unchecked") // the parser makes only maps with String keys
    Fields object(String name) {
        return new Fields(path + "." + name, (Map<String, @Nullable Object>) value(name, Map.class));
    }

    /** Returns these fields over those of another object. */
    Fields over(Fields other) {
        Map<String, @Nullable Object> all = new LinkedHashMap<>(other.values);
        all.putAll(values);
        return new Fields(path, all);
    }

    private <T> T value(String name, Class<T> type) {
        @Nullable Object value = values.get(name);
        if (!type.isInstance(value)) {
            throw new BoneException(path + "." + name + " is " + value + ", expected a " + type.getSimpleName()
                    + "; fix the workloads");
        }
        return type.cast(value);
    }
}
