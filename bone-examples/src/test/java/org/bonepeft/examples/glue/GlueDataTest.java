package org.bonepeft.examples.glue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bonepeft.BoneException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GlueDataTest {
    @TempDir
    private Path folder;

    private void write(String name, int rows) throws IOException {
        Files.writeString(
                folder.resolve(name),
                IntStream.range(0, rows)
                        .mapToObj(i -> name + " " + i + "\t" + i % 2 + "\n")
                        .collect(Collectors.joining()));
    }

    @Test
    void read_withDevFile_keepsBoth() throws IOException {
        write("train.tsv", 20);
        write("dev.tsv", 5);
        GlueData data = GlueData.read(GlueTask.SST2, folder);
        assertThat(data.train()).hasSize(20);
        assertThat(data.dev()).containsOnlyKeys("dev");
        assertThat(data.dev().get("dev")).hasSize(5);
        assertThat(data.notes()).isEmpty();
    }

    @Test
    void read_withoutDevFile_holdsTheSameRowsOutEachTime() throws IOException {
        write("train.tsv", 100);
        GlueData data = GlueData.read(GlueTask.SST2, folder);
        List<Example> heldOut = data.dev().get("held-out");
        assertThat(heldOut).hasSize(10);
        assertThat(data.train()).hasSize(90).doesNotContainAnyElementsOf(heldOut);
        Set<Example> all = new HashSet<>(data.train());
        all.addAll(heldOut);
        assertThat(all).hasSize(100);
        assertThat(data.notes()).singleElement().asString().contains("10 of the 100 rows of train.tsv are held out");
        assertThat(GlueData.read(GlueTask.SST2, folder)).isEqualTo(data);
    }

    @Test
    void read_nothingToHoldOut_isAnError() throws IOException {
        write("train.tsv", 9);
        assertThatThrownBy(() -> GlueData.read(GlueTask.SST2, folder))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("too few rows");
    }

    @Test
    void read_missingFolderOrFile_isNamed() {
        assertThatThrownBy(() -> GlueData.read(GlueTask.SST2, folder.resolve("gone")))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("no such folder: " + folder.resolve("gone"));
        assertThatThrownBy(() -> GlueData.read(GlueTask.SST2, folder))
                .isInstanceOf(BoneException.class)
                .hasMessage("no such file: " + folder.resolve("train.tsv"));
    }
}
