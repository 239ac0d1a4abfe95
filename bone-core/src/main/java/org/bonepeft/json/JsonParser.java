package org.bonepeft.json;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.EOFException;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Gson's strict token reader, and what it leaves open: duplicate keys, a second value, numbers. */
final class JsonParser {
    private static final int MAX_DEPTH = 64;

    private final JsonReader json;
    private final String where;

    private JsonParser(Reader text, String where) {
        this.json = new JsonReader(text);
        this.where = where;
        json.setStrictness(Strictness.STRICT);
        json.setNestingLimit(MAX_DEPTH);
    }

    static @Nullable Object parse(Reader text, String where) throws IOException {
        JsonParser parser = new JsonParser(text, where);
        try {
            Object value = parser.value();
            if (parser.json.peek() != JsonToken.END_DOCUMENT) {
                throw parser.error("more than one value");
            }
            return value;
        } catch (CharacterCodingException e) {
            throw new JsonException(where + ": not valid UTF-8", e);
        } catch (MalformedJsonException | EOFException e) {
            String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
            throw new JsonException(where + ": not valid JSON: " + reason, e);
        }
    }

    private @Nullable Object value() throws IOException {
        return switch (json.peek()) {
            case BEGIN_OBJECT -> object();
            case BEGIN_ARRAY -> array();
            case STRING -> json.nextString();
            case NUMBER -> number(json.nextString());
            case BOOLEAN -> json.nextBoolean();
            case NULL -> {
                json.nextNull();
                yield null;
            }
            case NAME, END_ARRAY, END_OBJECT, END_DOCUMENT -> throw error("expected a value");
        };
    }

    private Map<String, @Nullable Object> object() throws IOException {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        json.beginObject();
        while (json.hasNext()) {
            String key = json.nextName();
            if (map.containsKey(key)) {
                throw error("a key occurs twice");
            }
            map.put(key, value());
        }
        json.endObject();
        return map;
    }

    private List<@Nullable Object> array() throws IOException {
        List<@Nullable Object> list = new ArrayList<>();
        json.beginArray();
        while (json.hasNext()) {
            list.add(value());
        }
        json.endArray();
        return list;
    }

    private Object number(String literal) {
        if (literal.chars().allMatch(c -> c == '-' || (c >= '0' && c <= '9'))) {
            try {
                return Long.valueOf(literal);
            } catch (NumberFormatException e) {
                // Beyond long, as some tokenizers' model_max_length: the nearest float64.
            }
        }
        double value = Double.parseDouble(literal);
        if (Double.isInfinite(value)) {
            throw error("the number " + literal + " is beyond float64");
        }
        return value;
    }

    private JsonException error(String what) {
        return new JsonException(where + ": " + what + " at " + json.getPath());
    }
}
