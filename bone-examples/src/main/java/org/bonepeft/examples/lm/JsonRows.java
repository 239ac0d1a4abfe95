package org.bonepeft.examples.lm;

import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bonepeft.BoneException;
import org.bonepeft.json.Json;
import org.jspecify.annotations.Nullable;

/** The objects of a JSON file: one array of them, or JSON lines. */
public final class JsonRows {
    private JsonRows() {}

    /**
     * An object and where it stands.
     *
     * @param where the file and the line, or the place in the array
     */
    public record Row(String where, Map<String, @Nullable Object> values) {
        /** Returns whether there is a value of this key. */
        public boolean has(String key) {
            return values.get(key) != null;
        }

        /**
         * Returns a string.
         *
         * @throws BoneException if there is none
         */
        public String text(String key) {
            if (values.get(key) instanceof String text) {
                return text;
            }
            throw new BoneException(where + ": '" + key + "' is " + values.get(key)
                    + "; expected a string (the keys are " + values.keySet() + ")");
        }

        /** Returns a string, or another one if there is none. */
        public String text(String key, String absent) {
            return has(key) ? text(key) : absent;
        }
    }

    /**
     * Reads the first rows of a file; blank lines between JSON lines are skipped.
     *
     * @param limit the most rows
     * @throws BoneException naming the line that is broken, or if there is no row
     * @throws IOException if the file cannot be read
     */
    public static List<Row> read(Path file, int limit) throws IOException {
        if (Files.isDirectory(file)) {
            throw new BoneException(file + " is a directory; expected a file of JSON or JSON lines");
        }
        List<Row> rows;
        try (BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            reader.mark(1 << 12);
            int first = reader.read();
            while (first == '\uFEFF' || Character.isWhitespace(first)) {
                first = reader.read();
            }
            reader.reset();
            rows = first == '[' ? array(file, reader, limit) : lines(file, reader, limit);
        } catch (CharacterCodingException e) {
            throw new BoneException(file + ", line " + lineOfForeignText(file) + ": not UTF-8", e);
        }
        if (rows.isEmpty()) {
            throw new BoneException(file + " has no rows");
        }
        return rows;
    }

    private static long lineOfForeignText(Path file) throws IOException {
        // This reader puts U+FFFD in place of what it cannot read.
        try (BufferedReader reader =
                new BufferedReader(new InputStreamReader(Files.newInputStream(file), StandardCharsets.UTF_8))) {
            return 1
                    + reader.lines()
                            .takeWhile(line -> line.indexOf('\uFFFD') < 0)
                            .count();
        }
    }

    private static List<Row> lines(Path file, BufferedReader reader, int limit) throws IOException {
        List<Row> rows = new ArrayList<>();
        int number = 0;
        for (String line = reader.readLine(); line != null && rows.size() < limit; line = reader.readLine()) {
            number++;
            String where = file + ", line " + number;
            String text = number == 1 && line.startsWith("\uFEFF") ? line.substring(1) : line;
            if (!text.isBlank()) {
                rows.add(new Row(where, Json.parseObject(text, where)));
            }
        }
        return rows;
    }

    /** Element by element: MetaMathQA has 395,000 of them. */
    private static List<Row> array(Path file, BufferedReader reader, int limit) throws IOException {
        List<Row> rows = new ArrayList<>();
        JsonReader json = new JsonReader(reader);
        try {
            json.beginArray();
            while (rows.size() < limit && json.peek() != JsonToken.END_ARRAY) {
                String where = file + ", element " + rows.size();
                JsonElement element = JsonParser.parseReader(json);
                rows.add(new Row(where, Json.parseObject(element.toString(), where)));
            }
        } catch (JsonParseException | IllegalStateException | MalformedJsonException | EOFException e) {
            String reason = String.valueOf((e.getCause() == null ? e : e.getCause()).getMessage());
            throw new BoneException(
                    file + ", element " + rows.size() + ": not valid JSON: "
                            + reason.lines().findFirst().orElse(""),
                    e);
        }
        return rows;
    }
}
