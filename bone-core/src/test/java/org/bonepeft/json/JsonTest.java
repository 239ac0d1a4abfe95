package org.bonepeft.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
    @TempDir
    Path directory;

    @Test
    void parse_keepsOrderAndKinds() {
        Map<String, Object> object = Json.parseObject(
                "{\"b\": 1, \"a\": [true, null, \"x\\n\\u00e9\"], \"f\": 1.0, \"e\": -2e-3, \"o\": {},"
                        + " \"big\": 1000000000000000019884624838656, \"min\": -9223372036854775808, \"z\": -0.0}",
                "text");
        assertThat(object.keySet()).containsExactly("b", "a", "f", "e", "o", "big", "min", "z");
        assertThat(object)
                .containsEntry("b", 1L)
                .containsEntry("a", Arrays.asList(true, null, "x\né"))
                .containsEntry("f", 1.0)
                .containsEntry("e", -0.002)
                .containsEntry("o", Map.of())
                .containsEntry("big", 1e30)
                .containsEntry("min", Long.MIN_VALUE)
                .containsEntry("z", -0.0);
        assertThat(Json.parse(" [1] ", "text")).isEqualTo(List.of(1L));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "{",
                "[1,]",
                "{\"a\":1,}",
                "{a:1}",
                "{'a':1}",
                "[01]",
                "[1.]",
                "[.5]",
                "[+1]",
                "[NaN]",
                "[Infinity]",
                "[1e400]",
                "[-1e400]",
                "[0x10]",
                "[TRUE]",
                "[nul]",
                "[1 2]",
                "{} {}",
                "[1]]",
                "// x\n[]",
                "[\"\\x\"]",
                "[\"a\nb\"]",
                "[\"a]",
                "{\"a\":1,\"a\":1}",
                "{\"a\":1,\"\\u0061\":null}",
                "[{\"a\":null,\"a\":null}]",
                "{\"a\";1}",
                "{\"a\"=1}",
                "[1;2]",
                ")]}'\n[]"
            })
    void notStrictJson_isRefused(String text) {
        assertThatThrownBy(() -> Json.parse(text, "the text"))
                .isInstanceOf(JsonException.class)
                .hasMessageStartingWith("the text: ");
    }

    @Test
    void depth_isBounded() {
        assertThat(Json.parse("[".repeat(64) + "]".repeat(64), "text")).isInstanceOf(List.class);
        assertThatThrownBy(() -> Json.parse("[".repeat(65) + "]".repeat(65), "text"))
                .isInstanceOf(JsonException.class);
        assertThatThrownBy(() -> Json.parse("[".repeat(1_000_000), "text")).isInstanceOf(JsonException.class);
    }

    @Test
    void readObject_namesTheFile() throws IOException {
        Path file = Files.writeString(directory.resolve("config.json"), "{\"r\": 8}\n");
        assertThat(Json.readObject(file)).isEqualTo(Map.of("r", 8L));
        Files.writeString(file, "[8]");
        assertThatThrownBy(() -> Json.readObject(file))
                .isInstanceOf(JsonException.class)
                .hasMessage(file + ": expected one JSON object, { ... }");
        Files.write(file, new byte[] {'{', '"', (byte) 0xff, '"', ':', '1', '}'});
        assertThatThrownBy(() -> Json.readObject(file))
                .isInstanceOf(JsonException.class)
                .hasMessage(file + ": not valid UTF-8");
    }

    /** The expected text is what Python 3.11's json.dumps(value, indent=2, sort_keys=True) gave. */
    @Test
    void print_isPythons() {
        Map<String, Object> value = new LinkedHashMap<>();
        Map<String, Object> none = new LinkedHashMap<>();
        none.put("x", null);
        value.put("b", List.of(1, 2.5, none));
        value.put("a", Map.of());
        value.put("e", List.of());
        value.put("é", "\u2028\u007f\0\"\\/<>&='😀");
        value.put("😀", false);
        value.put("～", true);
        value.put("n", -5L);
        assertThat(Json.print(value)).isEqualTo("""
                        {
                          "a": {},
                          "b": [
                            1,
                            2.5,
                            {
                              "x": null
                            }
                          ],
                          "e": [],
                          "n": -5,
                          "\\u00e9": "\\u2028\\u007f\\u0000\\"\\\\/<>&='\\ud83d\\ude00",
                          "\\uff5e": true,
                          "\\ud83d\\ude00": false
                        }""");
        assertThat(Json.parse(Json.print(value), "printed")).isEqualTo(asParsed(value));
    }

    private static Map<String, Object> asParsed(Map<String, Object> value) {
        Map<String, Object> parsed = new LinkedHashMap<>(value);
        List<Object> list = new ArrayList<>((List<?>) value.getOrDefault("b", List.of()));
        list.set(0, 1L);
        parsed.put("b", list);
        return parsed;
    }

    /** As Python's repr(float). */
    @ParameterizedTest
    @CsvSource({
        "1.0E-5, 1e-05",
        "1.0E16, 1e+16",
        "1.0E15, 1000000000000000.0",
        "0.0001, 0.0001",
        "-0.0, -0.0",
        "0, 0.0",
        "1.0E22, 1e+22",
        "1.0E23, 1e+23",
        "123456.789, 123456.789",
        "4.9E-324, 5e-324",
        "-1.0E-100, -1e-100",
        "0x1p-44, 5.684341886080802e-14",
        "-965914517430609.25, -965914517430609.2",
        "1.7976931348623157E308, 1.7976931348623157e+308",
        "100, 100.0",
        "3E-10, 3e-10",
        "2.0E-3, 0.002",
        "9007199254740993, 9007199254740992.0",
        "123456789012345680, 1.2345678901234568e+17",
        "0.1, 0.1",
        "2.2250738585072014E-308, 2.2250738585072014e-308",
        "0.30000000000000004, 0.30000000000000004"
    })
    void number_isPythons(double value, String expected) {
        assertThat(Json.print(value)).isEqualTo(expected);
        assertThat(Json.print(List.of(value))).isEqualTo("[\n  " + expected + "\n]");
    }

    @Test
    void valueThatJsonCannotSay_isRefused() {
        for (Object value :
                List.of(Double.NaN, Double.POSITIVE_INFINITY, Float.NaN, 'c', new int[0], java.util.Set.of())) {
            assertThatThrownBy(() -> Json.print(List.of(value))).isInstanceOf(JsonException.class);
        }
    }
}
