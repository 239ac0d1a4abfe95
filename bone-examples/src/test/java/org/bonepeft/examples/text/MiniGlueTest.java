package org.bonepeft.examples.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MiniGlueTest {
    private static final MiniGlue TASKS = new MiniGlue(1);
    private static final String TRAIN = "train.tsv";

    @Test
    void aSeed_givesTheBundledFiles(@TempDir Path folder) throws IOException {
        TASKS.write(folder);
        Path bundled = Path.of(System.getProperty("bone.root"), "src-test-data", "mini-glue");
        for (MiniTask task : MiniTask.values()) {
            for (String file : TASKS.files(task)) {
                assertThat(folder.resolve(task.folder).resolve(file))
                        .hasSameTextualContentAs(bundled.resolve(task.folder).resolve(file));
            }
        }
    }

    @Test
    void anotherSeed_givesOtherExamples() {
        assertThat(new MiniGlue(2).examples(MiniTask.COLA, TRAIN))
                .doesNotContainSequence(TASKS.examples(MiniTask.COLA, TRAIN).subList(0, 3));
    }

    @ParameterizedTest
    @EnumSource
    void trainAndDev_shareNoSentence(MiniTask task) {
        Set<String> train = sentences(task, TRAIN);
        assertThat(train).hasSizeGreaterThan(1500);
        for (String file : TASKS.files(task)) {
            if (!file.equals(TRAIN)) {
                assertThat(sentences(task, file)).isNotEmpty().doesNotContainAnyElementsOf(train);
                assertThat(sentences(task, file)).allMatch(TASKS::hasInDev);
            }
        }
    }

    private static Set<String> sentences(MiniTask task, String file) {
        return TASKS.examples(task, file).stream()
                .flatMap(example -> example.sentences().stream())
                .map(MiniGlue::key)
                .collect(Collectors.toSet());
    }

    @ParameterizedTest
    @EnumSource
    void labels_areEquallyFrequent(MiniTask task) {
        for (String file : TASKS.files(task)) {
            List<Example> examples = TASKS.examples(task, file);
            for (String label : task.labels) {
                long count =
                        examples.stream().filter(e -> e.label().equals(label)).count();
                assertThat(count)
                        .isBetween(
                                (long) examples.size() / task.labels.size(),
                                (long) examples.size() / task.labels.size() + 1);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void files_haveTheColumnsOfGlue(MiniTask task, @TempDir Path folder) throws IOException {
        TASKS.write(folder);
        int columns = task == MiniTask.COLA ? 4 : task.header.size();
        for (String file : TASKS.files(task)) {
            List<String> lines = Files.readAllLines(folder.resolve(task.folder).resolve(file));
            assertThat(lines).allMatch(line -> line.split("\t", -1).length == columns);
            assertThat(lines).hasSize(TASKS.examples(task, file).size() + (task == MiniTask.COLA ? 0 : 1));
        }
    }

    @Test
    void mismatched_hasOtherWords() {
        Set<String> train = words(TRAIN);
        Set<String> mismatched = words("dev_mismatched.tsv");
        Set<String> matched = words("dev_matched.tsv");
        assertThat(missing(mismatched, train)).isGreaterThan(0.3);
        assertThat(missing(matched, train)).isLessThan(0.1);
    }

    private static Set<String> words(String file) {
        return sentences(MiniTask.MNLI, file).stream()
                .flatMap(sentence -> List.of(sentence.split("[^a-z]+")).stream())
                .collect(Collectors.toSet());
    }

    private static double missing(Set<String> words, Set<String> from) {
        Set<String> rest = new HashSet<>(words);
        rest.removeAll(from);
        return (double) rest.size() / words.size();
    }

    @Test
    void cola_cannotBeToldByItsWords() {
        List<Example> train = TASKS.examples(MiniTask.COLA, TRAIN);
        BagOfWords model = new BagOfWords(train);
        assertThat(model.matthews(train)).as("it learns its training set").isGreaterThan(0.4);
        assertThat(model.matthews(TASKS.examples(MiniTask.COLA, "dev.tsv"))).isBetween(-0.2, 0.2);
    }

    @Test
    void corpus_hasNoSentenceOfADevFile() {
        List<List<String>> lines = new Corpus(1, TASKS::hasInDev).lines(20_000);
        assertThat(lines).allMatch(line -> line.size() <= 2 && line.stream().noneMatch(TASKS::hasInDev));
        assertThat(lines.subList(0, 50)).isEqualTo(new Corpus(1, TASKS::hasInDev).lines(50));
    }
}
