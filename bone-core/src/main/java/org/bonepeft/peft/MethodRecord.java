package org.bonepeft.peft;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.AdapterMethod;
import org.jspecify.annotations.Nullable;

/**
 * An adapter method as our own files say it: {@code {"kind": "bone", "rank": 8, "grouping": "row", ...}}, the record's
 * name and all its components, numbers and constants.
 */
final class MethodRecord {
    private static final String KIND = "kind";

    private MethodRecord() {}

    static Map<String, Object> toJson(AdapterMethod method) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put(KIND, kind(method.getClass()));
        for (RecordComponent component : method.getClass().getRecordComponents()) {
            try {
                Object value = component.getAccessor().invoke(method);
                json.put(component.getName(), value instanceof Enum<?> constant ? lower(constant.name()) : value);
            } catch (ReflectiveOperationException e) {
                throw new LinkageError("a public record has public accessors", e);
            }
        }
        return json;
    }

    private static String kind(Class<?> method) {
        return lower(method.getSimpleName());
    }

    private static String lower(String name) {
        return name.toLowerCase(Locale.ROOT);
    }

    static AdapterMethod fromJson(PeftConfig config, Map<String, @Nullable Object> map) {
        Class<?> method = Stream.of(AdapterMethod.class.getPermittedSubclasses())
                .filter(permitted -> kind(permitted).equals(map.get(KIND)))
                .findFirst()
                .orElseThrow(() -> config.wrong(
                        "method",
                        "a kind that is one of "
                                + Stream.of(AdapterMethod.class.getPermittedSubclasses())
                                        .map(MethodRecord::kind)
                                        .toList()));
        RecordComponent[] components = method.getRecordComponents();
        if (map.size() != components.length + 1) {
            throw incomplete(config, components);
        }
        Class<?>[] types = new Class<?>[components.length];
        Object[] values = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            types[i] = components[i].getType();
            values[i] = value(config, components, types[i], map.get(components[i].getName()));
        }
        try {
            return (AdapterMethod) method.getDeclaredConstructor(types).newInstance(values);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof BoneException refused) {
                throw refused;
            }
            throw new LinkageError("a method refuses its settings with a BoneException", e);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("a public record has a public constructor", e);
        }
    }

    private static Object value(
            PeftConfig config, RecordComponent[] components, Class<?> type, @Nullable Object value) {
        if (type == int.class && value instanceof Long number && number == number.intValue()) {
            return number.intValue();
        }
        if (type == double.class && value instanceof Number number) {
            return number.doubleValue();
        }
        if (type == boolean.class && value instanceof Boolean) {
            return value;
        }
        if (type.isEnum()) {
            return Stream.of(type.getEnumConstants())
                    .filter(constant -> lower(((Enum<?>) constant).name()).equals(value))
                    .findFirst()
                    .orElseThrow(() -> incomplete(config, components));
        }
        throw incomplete(config, components);
    }

    private static PeftException incomplete(PeftConfig config, RecordComponent[] components) {
        return config.wrong(
                "method",
                KIND + " and exactly "
                        + Stream.of(components)
                                .map(component -> component.getType().getSimpleName() + " " + component.getName())
                                .toList());
    }
}
