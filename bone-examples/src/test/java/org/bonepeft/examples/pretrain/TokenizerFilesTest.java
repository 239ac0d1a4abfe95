package org.bonepeft.examples.pretrain;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bonepeft.examples.text.Corpus;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerFilesTest {
    private static final Corpus CORPUS = new Corpus(3, sentence -> false);

    @TempDir
    static Path folder;

    private static TokenizerFiles files;
    private static HuggingFaceTokenizer tokenizer;

    @BeforeAll
    static void train() throws IOException {
        BpeTrainer trainer = new BpeTrainer();
        CORPUS.lines(2000).forEach(line -> line.forEach(trainer::add));
        files = new TokenizerFiles(TokenizerFiles.Style.ROBERTA, trainer.merges(300));
        files.write(folder, 64);
        tokenizer = HuggingFaceTokenizer.newInstance(
                folder.resolve("tokenizer.json"), Map.of("truncation", "false", "padding", "false"));
    }

    @AfterAll
    static void close() {
        tokenizer.close();
    }

    @Test
    void specialTokens_haveTheirIds() {
        Map<String, Integer> vocabulary = files.vocabulary();
        assertThat(vocabulary)
                .hasSize(4 + 256 + 300 + 1)
                .containsEntry("<s>", 0)
                .containsEntry("<pad>", 1)
                .containsEntry("</s>", 2)
                .containsEntry("<unk>", 3)
                .containsEntry("<mask>", 560);
        assertThat(tokenizer.encode("a<mask>").getIds()).endsWith(560, 2);
    }

    @Test
    void pairs_areJoinedAsInRoberta() {
        Encoding pair = tokenizer.encode("a b", "c");
        assertThat(pair.getTokens()).containsExactly("<s>", "a", "Ġb", "</s>", "</s>", "c", "</s>");
    }

    @Test
    void generatedText_comesBackAndIsShort() {
        int words = 0;
        int tokens = 0;
        for (List<String> line : CORPUS.lines(200)) {
            for (String sentence : line) {
                long[] ids = tokenizer.encode(sentence).getIds();
                assertThat(decoded(ids)).isEqualTo(sentence);
                words += sentence.split(" ", -1).length;
                tokens += ids.length - 2;
            }
        }
        assertThat((double) tokens / words).isLessThan(4);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Our friends won't buy this analysis, let alone the next one we propose.",
                "kids , spirit ",
                "Amrozi accused \" the witness \" of 3.5 % -- naïve café, Москва, 東京 🙂",
                "tabs\tand  two blanks"
            })
    void otherText_comesBackWithoutUnknownTokens(String text) {
        long[] ids = tokenizer.encode(text).getIds();
        assertThat(ids).doesNotContain(3);
        assertThat(decoded(ids)).isEqualTo(text);
    }

    @Test
    void llamaStyle_hasEachDigitAlone(@TempDir Path other) throws IOException {
        BpeTrainer trainer = new BpeTrainer();
        trainer.add("has = apples");
        TokenizerFiles llama = new TokenizerFiles(TokenizerFiles.Style.LLAMA, trainer.merges(30));
        llama.write(other, 64);
        try (HuggingFaceTokenizer own = HuggingFaceTokenizer.newInstance(
                other.resolve("tokenizer.json"), Map.of("truncation", "false", "padding", "false"))) {
            Encoding encoding = own.encode("has 120 apples=12");
            assertThat(encoding.getTokens())
                    .containsExactly("<s>", "has", "Ġ", "1", "2", "0", "Ġapples", "=", "1", "2");
            assertThat(own.decode(encoding.getIds(), true)).isEqualTo("has 120 apples=12");
        }
        assertThat(llama.vocabulary())
                .containsEntry("<s>", 1)
                .containsEntry("</s>", 2)
                .doesNotContainKey("<mask>");
    }

    private static String decoded(long[] ids) {
        return tokenizer.decode(ids, true);
    }
}
