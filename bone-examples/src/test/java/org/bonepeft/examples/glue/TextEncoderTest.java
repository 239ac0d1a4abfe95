package org.bonepeft.examples.glue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.bonepeft.BoneException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextEncoderTest {
    private static final Example SINGLE = new Example(List.of("the cat sleeps"), 1);
    private static final Example PAIR = new Example(List.of("the cat", "the big dog sleeps"), 0);

    @TempDir
    private Path folder;

    private TextEncoder encoder(int maxLength) throws IOException {
        TinyTokenizer.write(folder, "the", "cat", "dog", "big", "sleeps");
        return new TextEncoder(folder, maxLength);
    }

    @Test
    void encode_single_addsSpecialTokens() throws IOException {
        try (TextEncoder encoder = encoder(16)) {
            EncodedRows rows = encoder.encode(List.of(SINGLE));
            assertThat(rows.padded(new int[] {0}, 1)).isDeepEqualTo(new long[][] {{0, 5, 6, 9, 2}});
            assertThat(rows.labels()).containsExactly(1);
            assertThat(rows.truncated()).isZero();
            assertThat(rows.tokens()).isEqualTo(5);
            assertThat(rows.largestId()).isEqualTo(9);
        }
    }

    @Test
    void encode_pair_isJoinedByTwoSeparators() throws IOException {
        try (TextEncoder encoder = encoder(16)) {
            assertThat(encoder.encode(List.of(PAIR)).padded(new int[] {0}, 1))
                    .isDeepEqualTo(new long[][] {{0, 5, 6, 2, 2, 5, 8, 7, 9, 2}});
        }
    }

    @Test
    void encode_tooLong_cutsTheLongerSentenceAndCounts() throws IOException {
        try (TextEncoder encoder = encoder(8)) {
            EncodedRows rows = encoder.encode(List.of(PAIR, new Example(List.of("cat", "dog"), 0)));
            assertThat(rows.padded(new int[] {0, 1}, 1))
                    .isDeepEqualTo(new long[][] {{0, 5, 6, 2, 2, 5, 8, 2}, {0, 6, 2, 2, 7, 2, 1, 1}});
            assertThat(rows.truncated()).isEqualTo(1);
        }
    }

    @Test
    void encode_manyRows_keepsTheirOrderAndAddsNoPadding() throws IOException {
        try (TextEncoder encoder = encoder(16)) {
            List<Example> examples = IntStream.range(0, 2500)
                    .mapToObj(i -> new Example(List.of("cat ".repeat(i % 7)), i % 2))
                    .toList();
            assertThat(encoder.encode(examples).lengths())
                    .containsExactly(
                            IntStream.range(0, 2500).map(i -> 2 + i % 7).toArray());
        }
    }

    @Test
    void new_missingOrBrokenFile_isNamed() throws IOException {
        Path file = folder.resolve("tokenizer.json");
        assertThatThrownBy(() -> new TextEncoder(folder, 8))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("no such file: " + file);
        Files.writeString(file, "{\"version\": \"1.0\"}");
        assertThatThrownBy(() -> new TextEncoder(folder, 8))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining(file + ": not a Hugging Face tokenizer");
    }

    @Test
    void encode_realRobertaTokenizer_isTransformers() throws IOException {
        Path real = Path.of(System.getProperty("bone.root", "."), "../shared/data/tokenizers/roberta-base");
        assumeTrue(Files.isDirectory(real), () -> "absent: " + real);
        try (TextEncoder encoder = new TextEncoder(real, 512)) {
            assertThat(encoder.encode(List.of(new Example(List.of("Hello world"), 0)))
                            .padded(new int[] {0}, 1))
                    .isDeepEqualTo(new long[][] {{0, 31414, 232, 2}});
        }
    }
}
