package org.bonepeft.json;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Strict JSON (RFC 8259) to plain values: {@code Map<String, Object>} in the order of the text, {@code List<Object>},
 * {@code String}, {@code Boolean}, {@code Long} for an integer that fits, {@code Double} for every other number, and
 * {@code null}. Exactly one value; a key that occurs twice, a byte that is not UTF-8 and a number beyond float64 are
 * errors.
 */
public final class Json {
    private static final int MAX_DEPTH = 64;

    private Json() {}

    /**
     * Reads a file that holds one object.
     *
     * @throws JsonException if it holds anything else
     * @throws IOException if the file cannot be read
     */
    public static Map<String, @Nullable Object> readObject(Path file) throws IOException {
        try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            return object(parse(reader, file.toString()), file.toString());
        }
    }

    /**
     * Reads a text that is one object.
     *
     * @param where what the text is, for the message of an error
     * @throws JsonException if it is anything else
     */
    public static Map<String, @Nullable Object> parseObject(String text, String where) {
        try {
            return object(parse(new StringReader(text), where), where);
        } catch (IOException e) {
            throw new JsonException(where + ": " + e.getMessage(), e);
        }
    }

    @SuppressWarnings("unchecked") // read() makes only maps with String keys
    private static Map<String, @Nullable Object> object(@Nullable Object value, String where) {
        if (value instanceof Map<?, ?> map) {
            return (Map<String, @Nullable Object>) map;
        }
        throw new JsonException(where + ": expected one JSON object, { ... }");
    }

    private static @Nullable Object parse(Reader reader, String where) throws IOException {
        JsonReader json = new JsonReader(reader);
        json.setStrictness(Strictness.STRICT);
        json.setNestingLimit(MAX_DEPTH);
        try {
            @Nullable Object value = read(json, where);
            if (json.peek() != JsonToken.END_DOCUMENT) {
                throw new JsonException(where + ": more than one JSON value");
            }
            return value;
        } catch (CharacterCodingException e) {
            throw new JsonException(where + ": not valid UTF-8", e);
        } catch (com.google.gson.stream.MalformedJsonException | java.io.EOFException e) {
            throw new JsonException(where + ": not valid JSON: " + e.getMessage(), e);
        }
    }

    private static @Nullable Object read(JsonReader json, String where) throws IOException {
        JsonToken token = json.peek();
        switch (token) {
            case BEGIN_OBJECT -> {
                Map<String, @Nullable Object> map = new LinkedHashMap<>();
                json.beginObject();
                while (json.hasNext()) {
                    String key = json.nextName();
                    if (map.containsKey(key)) {
                        throw new JsonException(where + ": key '" + key + "' occurs twice at " + json.getPath());
                    }
                    map.put(key, read(json, where));
                }
                json.endObject();
                return map;
            }
            case BEGIN_ARRAY -> {
                List<@Nullable Object> list = new ArrayList<>();
                json.beginArray();
                while (json.hasNext()) {
                    list.add(read(json, where));
                }
                json.endArray();
                return list;
            }
            case STRING -> {
                return json.nextString();
            }
            case NUMBER -> {
                return number(json.nextString(), where);
            }
            case BOOLEAN -> {
                return json.nextBoolean();
            }
            case NULL -> {
                json.nextNull();
                return null;
            }
            case NAME, END_ARRAY, END_OBJECT, END_DOCUMENT ->
                throw new JsonException(where + ": expected a value, found " + token + " at " + json.getPath());
        }
        throw new AssertionError(token);
    }

    private static Object number(String literal, String where) {
        if (literal.chars().allMatch(c -> c == '-' || (c >= '0' && c <= '9'))) {
            try {
                return Long.valueOf(literal);
            } catch (NumberFormatException e) {
                // larger than a long: the nearest float64, as Java, JavaScript and most other readers do
            }
        }
        double value = Double.parseDouble(literal);
        if (Double.isInfinite(value)) {
            throw new JsonException(where + ": the number " + literal + " is beyond float64");
        }
        return value;
    }
}
