package org.bonepeft.examples.glue;

import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bonepeft.BoneException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GlueFileTest {
    private static final String MRPC_HEADER = "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n";

    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void nameFile() {
        file = folder.resolve("train.tsv");
    }

    private List<Example> read(GlueTask task, String content) throws IOException {
        Files.write(file, content.getBytes(UTF_8));
        return GlueFile.read(task, file);
    }

    private static Example example(int label, String... texts) {
        return new Example(List.of(texts), label);
    }

    @Test
    void read_colaWithoutHeader_takesTheFourthColumn() throws IOException {
        assertThat(read(GlueTask.COLA, "gj04\t1\t\tA cat sleeps.\ngj04\t0\t*\tA cat sleep.\n"))
                .containsExactly(example(1, "A cat sleeps."), example(0, "A cat sleep."));
    }

    @Test
    void read_colaWithHeaderInAnyOrder_takesTheNamedColumns() throws IOException {
        assertThat(read(GlueTask.COLA, "sentence\tlabel\nA cat sleeps.\t1"))
                .containsExactly(example(1, "A cat sleeps."));
    }

    @Test
    void read_sst2WithAndWithoutHeader_isTheSame() throws IOException {
        List<Example> rows = List.of(example(0, "dull "), example(1, "a joy "));
        assertThat(read(GlueTask.SST2, "sentence\tlabel\ndull \t0\na joy \t1\n"))
                .isEqualTo(rows);
        assertThat(read(GlueTask.SST2, "dull \t0\na joy \t1\n")).isEqualTo(rows);
    }

    @Test
    void read_bomAndCrLfAndBlankEnd_areNotPartOfTheText() throws IOException {
        assertThat(read(GlueTask.MRPC, "\uFEFF" + MRPC_HEADER.replace("\n", "\r\n") + "1\t1\t2\tone\tuno\r\n\r\n"))
                .containsExactly(example(1, "one", "uno"));
    }

    @Test
    void read_quotesAndOddCharacters_areOrdinary() throws IOException {
        assertThat(read(GlueTask.MRPC, MRPC_HEADER + "0\t1\t2\t\"He\" said \"\t\" a\u2028b\bc\rd\n1\t3\t4\tx\ty\n"))
                .containsExactly(example(0, "\"He\" said \"", "\" a\u2028b\bc\rd"), example(1, "x", "y"));
    }

    @Test
    void read_mnliOfTwelveAndSixteenColumns_takesGoldLabel() throws IOException {
        String start = "index\tpromptID\tpairID\tgenre\tp\tp\tp\tp\tsentence1\tsentence2\tlabel1\t";
        assertThat(read(GlueTask.MNLI, start + "gold_label\n0\t1\t2\tg\t\t\t\t\tA\tB\tneutral\tcontradiction\n"))
                .containsExactly(example(2, "A", "B"));
        assertThat(
                        read(
                                GlueTask.MNLI,
                                start + "label2\tlabel3\tlabel4\tlabel5\tgold_label\n"
                                        + "0\t1\t2\tg\t\t\t\t\tA\tB\tneutral\tneutral\tneutral\tneutral\tneutral\tentailment\n"))
                .containsExactly(example(0, "A", "B"));
        assertThat(read(GlueTask.MNLI, "0\t1\t2\tg\t\t\t\t\tA\tB\tneutral\tneutral\n"))
                .containsExactly(example(1, "A", "B"));
    }

    @Test
    void read_pairTasks_takeBothSentences() throws IOException {
        assertThat(read(GlueTask.QNLI, "index\tquestion\tsentence\tlabel\n0\tWho?\tMe.\tentailment\n"))
                .containsExactly(example(0, "Who?", "Me."));
        assertThat(read(GlueTask.RTE, "index\tsentence1\tsentence2\tlabel\n0\tA\tB\tnot_entailment\n"))
                .containsExactly(example(1, "A", "B"));
        assertThat(read(GlueTask.WNLI, "0\tA\tB\t1\n")).containsExactly(example(1, "A", "B"));
        assertThat(read(GlueTask.QQP, "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n0\t1\t2\tA\tB\t0\n"))
                .containsExactly(example(0, "A", "B"));
    }

    @Test
    void read_wrongColumnCount_namesFileAndLine() {
        assertThatThrownBy(() -> read(GlueTask.COLA, "a\t1\t\tx\na\t1\tx\n"))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("train.tsv, line 2: 3 columns where line 1 has 4");
        assertThatThrownBy(() -> read(GlueTask.COLA, "a\t1\t\tx\n\na\t1\t\tx\n"))
                .hasMessageContaining("train.tsv, line 2: 1 column where line 1 has 4");
        assertThatThrownBy(() -> read(GlueTask.RTE, "1,A,B,entailment\n"))
                .hasMessageContaining("train.tsv, line 1: 1 column; RTE has a header that names sentence1, sentence2,"
                        + " label, or no header and 4 columns");
    }

    @Test
    void read_unknownLabel_namesFileAndLine() {
        assertThatThrownBy(() -> read(GlueTask.COLA, "a\t1\t\tx\na\t2\t\tx\n"))
                .isInstanceOf(BoneException.class)
                .hasMessageEndingWith("train.tsv, line 2: label \"2\" is none of 0, 1");
        assertThatThrownBy(() -> read(GlueTask.SST2, "text\tclass\nx\t1\n"))
                .hasMessageContaining("line 1: label \"class\" is none of 0, 1; SST-2 has a header that names");
    }

    @Test
    void read_nothing_isAnError() {
        assertThatThrownBy(() -> read(GlueTask.COLA, "\n")).hasMessageContaining("train.tsv: empty");
        assertThatThrownBy(() -> read(GlueTask.SST2, "sentence\tlabel\n"))
                .hasMessageContaining("train.tsv: a header and no row");
    }

    @Test
    void read_otherEncoding_namesTheLine() throws IOException {
        Files.write(file, "a\t1\t\tx\n".getBytes(UTF_16));
        assertThatThrownBy(() -> GlueFile.read(GlueTask.COLA, file))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("train.tsv, line 1: not UTF-8");
    }
}
