package org.bonepeft.examples.glue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.bonepeft.BoneException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GlueLocationTest {
    private static final Path BUNDLED = Path.of("bundled");

    @TempDir
    private Path folder;

    private static GlueLocation of(String task, Path data) {
        return GlueLocation.of(Optional.of(task), Optional.of(data), BUNDLED);
    }

    @Test
    void of_nothing_isBundledCola() {
        assertThat(GlueLocation.of(Optional.empty(), Optional.empty(), BUNDLED))
                .isEqualTo(new GlueLocation(GlueTask.COLA, BUNDLED.resolve("CoLA")));
    }

    @Test
    void of_task_isItsBundledSet() {
        assertThat(GlueLocation.of(Optional.of("sst2"), Optional.empty(), BUNDLED))
                .isEqualTo(new GlueLocation(GlueTask.SST2, BUNDLED.resolve("SST-2")));
    }

    @Test
    void of_folder_isNamedAfterTheTask() {
        assertThat(GlueLocation.of(Optional.empty(), Optional.of(Path.of("x/MRPC/../rte/.")), BUNDLED)
                        .task())
                .isEqualTo(GlueTask.RTE);
        assertThatThrownBy(() -> GlueLocation.of(Optional.empty(), Optional.of(Path.of("x/mine")), BUNDLED))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("say it with --task");
    }

    @Test
    void of_taskAndFolder_isTheFolderOrTheTasksFolderBelow() throws IOException {
        Path below = Files.createDirectory(folder.resolve("MNLI"));
        assertThat(of("mnli", folder)).isEqualTo(new GlueLocation(GlueTask.MNLI, below));
        assertThat(of("qnli", folder)).isEqualTo(new GlueLocation(GlueTask.QNLI, folder));
        Files.writeString(folder.resolve("train.tsv"), "");
        assertThat(of("mnli", folder)).isEqualTo(new GlueLocation(GlueTask.MNLI, folder));
    }

    @Test
    void of_otherTask_isRefusedWithTheTasksThereAre() {
        assertThatThrownBy(() -> of("glee", folder))
                .isInstanceOf(BoneException.class)
                .hasMessage("no task glee; tasks: CoLA, SST-2, MRPC, QQP, MNLI, QNLI, RTE, WNLI");
        assertThatThrownBy(() -> of("sts-b", folder)).hasMessageStartingWith("STS-B is a regression");
    }
}
