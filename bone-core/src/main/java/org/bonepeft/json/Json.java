package org.bonepeft.json;

import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Strict JSON (RFC 8259) from and to plain values: {@code Map<String, Object>} in the order of the text,
 * {@code List<Object>}, {@code String}, {@code Boolean}, {@code Long} for an integer that fits, {@code Double} for every
 * other number, and {@code null}. What is read is one value; a key that occurs twice in an object, bytes that are not
 * UTF-8, a number beyond float64 and more than 64 levels are errors.
 */
public final class Json {
    /** As large as the header of a safetensors file may be. */
    private static final long MAX_BYTES = 100_000_000;

    private Json() {}

    /**
     * Reads a file that holds one object, of at most 100 MB.
     *
     * @throws JsonException if it holds anything else, or more
     * @throws IOException if the file cannot be read
     */
    public static Map<String, @Nullable Object> readObject(Path file) throws IOException {
        long size = Files.size(file);
        if (size > MAX_BYTES) {
            throw new JsonException(file + " has " + size + " bytes; at most " + MAX_BYTES + " are read");
        }
        try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            return object(JsonParser.parse(reader, file.toString()), file.toString());
        }
    }

    /**
     * Reads a text that is one object.
     *
     * @param where what the text is, for the message of an error
     * @throws JsonException if it is anything else
     */
    public static Map<String, @Nullable Object> parseObject(String text, String where) {
        return object(parse(text, where), where);
    }

    /**
     * Reads a text that is one value of any kind.
     *
     * @param where what the text is, for the message of an error
     * @throws JsonException if it is not
     */
    public static @Nullable Object parse(String text, String where) {
        try {
            return JsonParser.parse(new StringReader(text), where);
        } catch (IOException e) {
            throw new JsonException(where + ": " + e.getMessage(), e);
        }
    }

    /**
     * Returns the text that Python's {@code json.dumps(value, indent=2, sort_keys=True)} returns, which is how Hugging
     * Face libraries save their configurations: sorted keys, everything but ASCII escaped, no line break at the end.
     * Maps must have String keys; {@code Integer} and {@code Float} are numbers too.
     *
     * @throws JsonException if JSON cannot say the value: NaN, an infinity, any other class
     */
    public static String print(@Nullable Object value) {
        return JsonPrinter.print(value);
    }

    @SuppressWarnings("unchecked") // the parser makes only maps with String keys
    private static Map<String, @Nullable Object> object(@Nullable Object value, String where) {
        if (value instanceof Map<?, ?> map) {
            return (Map<String, @Nullable Object>) map;
        }
        throw new JsonException(where + ": expected one JSON object, { ... }");
    }
}
