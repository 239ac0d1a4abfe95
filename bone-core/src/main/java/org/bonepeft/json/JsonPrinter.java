package org.bonepeft.json;

import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Gson's token writer, set to print as Python does. */
final class JsonPrinter {
    /** Python's order of strings; Java's own puts an emoji before U+FFFD. */
    private static final Comparator<String> BY_CODE_POINT =
            Comparator.comparing(text -> text.codePoints().toArray(), Arrays::compare);

    private JsonPrinter() {}

    static String print(@Nullable Object value) {
        StringWriter text = new StringWriter();
        JsonWriter json = new JsonWriter(text);
        json.setIndent("  ");
        try {
            write(json, value);
        } catch (IOException e) {
            throw new JsonException(String.valueOf(e.getMessage()), e);
        }
        return ascii(text.toString());
    }

    private static void write(JsonWriter json, @Nullable Object value) throws IOException {
        if (value == null) {
            json.nullValue();
        } else if (value instanceof Map<?, ?> map) {
            Map<String, @Nullable Object> sorted = new TreeMap<>(BY_CODE_POINT);
            map.forEach((key, item) -> sorted.put((String) key, item));
            json.beginObject();
            for (Map.Entry<String, @Nullable Object> entry : sorted.entrySet()) {
                json.name(entry.getKey());
                write(json, entry.getValue());
            }
            json.endObject();
        } else if (value instanceof List<?> list) {
            json.beginArray();
            for (Object item : list) {
                write(json, item);
            }
            json.endArray();
        } else if (value instanceof String string) {
            json.value(string);
        } else if (value instanceof Boolean truth) {
            json.value(truth);
        } else if (value instanceof Long || value instanceof Integer) {
            json.value((Number) value);
        } else if (value instanceof Double || value instanceof Float) {
            json.jsonValue(number(((Number) value).doubleValue()));
        } else {
            throw new JsonException("JSON has no " + value.getClass() + ": " + value);
        }
    }

    /** Everything outside printable ASCII can only be part of a string. */
    private static String ascii(String text) {
        return text.chars()
                .mapToObj(c -> c < 0x7f ? Character.toString(c) : String.format("\\u%04x", c))
                .collect(Collectors.joining());
    }

    /** The fewest digits that read back as the same float64, as Python's {@code repr} lays them out. */
    static String number(double value) {
        if (!Double.isFinite(value)) {
            throw new JsonException("JSON has no " + value);
        }
        if (value == 0) {
            return 1 / value < 0 ? "-0.0" : "0.0";
        }
        BigDecimal shortest = shortest(value).stripTrailingZeros();
        int exponent = shortest.precision() - shortest.scale() - 1;
        if (exponent >= -4 && exponent < 16) {
            String plain = shortest.toPlainString();
            return plain.contains(".") ? plain : plain + ".0";
        }
        String digits = shortest.unscaledValue().abs().toString();
        return (value < 0 ? "-" : "")
                + digits.charAt(0)
                + (digits.length() > 1 ? "." + digits.substring(1) : "")
                + String.format("e%s%02d", exponent < 0 ? "-" : "+", Math.abs(exponent));
    }

    /** {@link Double#toString} finds it from JDK 19 on only. */
    private static BigDecimal shortest(double value) {
        BigDecimal exact = new BigDecimal(value);
        for (int digits = 1; digits < 17; digits++) {
            int precision = digits;
            BigDecimal nearest = Stream.of(RoundingMode.HALF_EVEN, RoundingMode.FLOOR, RoundingMode.CEILING)
                    .map(mode -> exact.round(new MathContext(precision, mode)))
                    .filter(candidate -> candidate.doubleValue() == value)
                    .min(Comparator.comparing(
                            candidate -> candidate.subtract(exact).abs()))
                    .orElse(null);
            if (nearest != null) {
                return nearest;
            }
        }
        return exact.round(new MathContext(17, RoundingMode.HALF_EVEN));
    }
}
