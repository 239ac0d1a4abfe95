package org.bonepeft.io;

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
    void commit_makesTheFolderAndItsParents() throws IOException {
        try (OutputFolder output = OutputFolder.open(folder.resolve("runs/one"))) {
            Files.createDirectory(output.path().resolve("bone"));
            Files.writeString(output.path().resolve("bone/file"), "x");
            assertThat(folder.resolve("runs/one")).doesNotExist();
            output.commit();
        }
        assertThat(listing()).containsExactly("runs", "runs/one", "runs/one/bone", "runs/one/bone/file");
    }

    @Test
    void close_withoutCommit_leavesNothing() throws IOException {
        try (OutputFolder output = OutputFolder.open(folder.resolve("one"))) {
            Files.createDirectory(output.path().resolve("bone"));
            Files.writeString(output.path().resolve("bone/half"), "x");
        }
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void open_emptyFolder_isUsed() throws IOException {
        try (OutputFolder output = OutputFolder.open(Files.createDirectory(folder.resolve("one")))) {
            Files.writeString(output.path().resolve("file"), "x");
            output.commit();
        }
        assertThat(listing()).containsExactly("one", "one/file");
    }

    @Test
    void open_usedFolderOrFile_isRefused() throws IOException {
        Files.createDirectories(folder.resolve("full/inside"));
        Files.writeString(folder.resolve("file"), "x");
        for (String name : List.of("full", "file")) {
            assertThatThrownBy(() -> OutputFolder.open(folder.resolve(name)))
                    .isInstanceOf(BoneException.class)
                    .hasMessageContaining("exists already");
        }
    }

    @Test
    void open_unwritable_isRefused() throws IOException {
        Files.writeString(folder.resolve("file"), "x");
        assertThatThrownBy(() -> OutputFolder.open(folder.resolve("file/below/it")))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("cannot be written")
                .hasMessageContaining("choose another --out");
        assertThat(listing()).containsExactly("file");
    }
}
