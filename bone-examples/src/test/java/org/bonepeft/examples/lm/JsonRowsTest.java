package org.bonepeft.examples.lm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bonepeft.BoneException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonRowsTest {
    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void name() {
        file = folder.resolve("rows.json");
    }

    private void assertRefused(String text, String... parts) throws IOException {
        Files.writeString(file, text);
        assertThatThrownBy(() -> JsonRows.read(file, 100))
                .isInstanceOf(BoneException.class)
                .hasMessageContainingAll(parts);
    }

    @Test
    void arraysAndLines_areTheSame() throws IOException {
        Files.writeString(file, "\uFEFF\n [ {\"a\": \"é\"},\n {\"a\": \"2\", \"n\": null} ]\n");
        assertThat(JsonRows.read(file, 100)).extracting(row -> row.text("a")).containsExactly("é", "2");
        Files.writeString(file, "{\"a\": \"é\"}\n\n{\"a\": \"2\", \"n\": null}\n");
        assertThat(JsonRows.read(file, 100)).extracting(row -> row.text("a")).containsExactly("é", "2");
        assertThat(JsonRows.read(file, 1)).hasSize(1);
        assertThat(JsonRows.read(file, 100).get(1).has("n")).isFalse();
    }

    @Test
    void brokenLine_isNamed() throws IOException {
        assertRefused("{\"a\": 1}\n\n{\"a\": \n", "rows.json, line 3");
        assertRefused("{\"a\": 1}\n[1]\n", "rows.json, line 2", "expected one JSON object");
        assertRefused("{\"a\": 1, \"a\": 2}\n", "rows.json, line 1", "a key occurs twice");
    }

    @Test
    void brokenElement_isNamed() throws IOException {
        assertRefused("[{\"a\": 1},\n {\"a\": ]", "rows.json, element 1: not valid JSON: Unexpected value at line 2");
        assertRefused("[{\"a\": 1}", "rows.json, element 1");
        assertRefused("[{\"a\": 1}, 7]", "rows.json, element 1", "expected one JSON object");
    }

    @Test
    void otherEncodings_areNamed() throws IOException {
        Files.write(file, "{\"a\": \"e\"}\n{\"a\": \"é\"}\n".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> JsonRows.read(file, 100))
                .isInstanceOf(BoneException.class)
                .hasMessageEndingWith("rows.json, line 2: not UTF-8");
        assertThatThrownBy(() -> JsonRows.read(file.getParent(), 100))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("is a directory");
    }

    @Test
    void wrongType_isNamed() throws IOException {
        Files.writeString(file, "{\"a\": 1}");
        assertThatThrownBy(() -> JsonRows.read(file, 1).get(0).text("a"))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("line 1: 'a' is 1; expected a string");
    }

    @Test
    void emptyFile_isRefused() throws IOException {
        assertRefused("", "has no rows");
        assertRefused("[]", "has no rows");
    }
}
