package org.bonepeft.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.bonepeft.BoneException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutputFolderTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // set by JUnit
    private Path folder;

    private List<String> listing() throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            return paths.filter(path -> !path.equals(folder))
                    .map(path -> folder.relativize(path).toString())
                    .sorted()
                    .toList();
        }
    }

    @Test
    void write_makesTheFolderAndItsParents() throws IOException {
        OutputFolder output = OutputFolder.prepare(folder.resolve("runs/one"));
        assertThat(listing()).containsExactly("runs");
        output.write(temporary -> {
            Files.createDirectory(temporary.resolve("bone"));
            Files.writeString(temporary.resolve("bone/file"), "x");
        });
        assertThat(listing()).containsExactly("runs", "runs/one", "runs/one/bone", "runs/one/bone/file");
    }

    @Test
    void write_failing_leavesNothing() {
        OutputFolder output = OutputFolder.prepare(folder.resolve("one"));
        assertThatThrownBy(() -> output.write(temporary -> {
                    Files.writeString(temporary.resolve("half"), "x");
                    throw new IOException("disk full");
                }))
                .hasMessage("disk full");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void prepare_emptyFolder_isUsed() throws IOException {
        Path empty = Files.createDirectory(folder.resolve("one"));
        OutputFolder.prepare(empty).write(temporary -> Files.writeString(temporary.resolve("file"), "x"));
        assertThat(listing()).containsExactly("one", "one/file");
    }

    @Test
    void prepare_usedFolderOrFile_isRefused() throws IOException {
        Files.createDirectories(folder.resolve("full/inside"));
        Files.writeString(folder.resolve("file"), "x");
        for (String name : List.of("full", "file")) {
            assertThatThrownBy(() -> OutputFolder.prepare(folder.resolve(name)))
                    .isInstanceOf(BoneException.class)
                    .hasMessageContaining("exists already");
        }
    }

    @Test
    void prepare_unwritable_isRefused() throws IOException {
        Files.writeString(folder.resolve("file"), "x");
        assertThatThrownBy(() -> OutputFolder.prepare(folder.resolve("file/below/it")))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("cannot be written")
                .hasMessageContaining("choose another --out");
        assertThat(listing()).containsExactly("file");
    }
}
