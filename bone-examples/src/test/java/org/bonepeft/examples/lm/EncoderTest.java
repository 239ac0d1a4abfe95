package org.bonepeft.examples.lm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.CrossEntropyLoss;
import org.bonepeft.djl.model.llama.LlamaConfig;
import org.bonepeft.examples.lm.Encoder.Encoded;
import org.bonepeft.examples.lm.Encoder.Tokens;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class EncoderTest {
    private static final long IGNORED = CrossEntropyLoss.IGNORED;
    private static final Dialogue DIALOGUE =
            new Dialogue("Question: Tom has 12 apples.\nAnswer:", " Tom has 12 apples.\nThe answer is: 12");

    private static TextTokenizer tokenizer;

    @BeforeAll
    static void read() throws IOException {
        var folder = ModelOptions.bundled("mini-llama");
        tokenizer = TextTokenizer.read(folder, LlamaConfig.read(folder).vocabSize());
    }

    @AfterAll
    static void close() {
        tokenizer.close();
    }

    private static Encoded encode(int maxLength, boolean all) {
        return new Encoder(tokenizer, Set.of(2L), maxLength, all).encode(List.of(DIALOGUE));
    }

    @Test
    void responseAlone_isPredictedWithItsEnd() {
        Tokens tokens = encode(100, false).sequences().get(0);
        long[] prompt = tokenizer.encode(DIALOGUE.prompt());
        assertThat(Arrays.copyOf(tokens.ids(), prompt.length)).isEqualTo(prompt);
        assertThat(Arrays.stream(tokens.labels()).limit(prompt.length)).containsOnly(IGNORED);
        long[] predicted = Arrays.stream(tokens.labels()).skip(prompt.length).toArray();
        assertThat(predicted).endsWith(2L).doesNotContain(IGNORED);
        assertThat(tokenizer.decode(predicted)).isEqualTo(DIALOGUE.response());
    }

    @Test
    void lossOnAll_predictsThePromptToo() {
        Tokens tokens = encode(100, true).sequences().get(0);
        assertThat(tokens.labels()).isEqualTo(tokens.ids());
    }

    @Test
    void longSequences_areCutAndCounted() {
        int prompt = tokenizer.encode(DIALOGUE.prompt()).length;
        Encoded cut = encode(prompt + 3, false);
        assertThat(cut.truncated()).isOne();
        assertThat(cut.tokens()).isEqualTo(prompt + 3);
        assertThat(cut.sequences().get(0).ids()).doesNotContain(2L);
        assertThat(encode(100, false).truncated()).isZero();
        assertThatThrownBy(() -> encode(prompt, false))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("none of the 1 prompts leaves room");
    }

    @Test
    void pack_keepsSequencesWholeAndInOrder() {
        List<Tokens> sequences = List.of(tokens(1, 3), tokens(4, 2), tokens(6, 4), tokens(10, 9), tokens(19, 1));
        List<Tokens> packed = Encoder.pack(sequences, 6);
        assertThat(packed)
                .extracting(Tokens::ids)
                .containsExactly(
                        new long[] {1, 2, 3, 4, 5},
                        new long[] {6, 7, 8, 9},
                        new long[] {10, 11, 12, 13, 14, 15, 16, 17, 18},
                        new long[] {19});
        assertThat(packed.get(0).labels()).containsExactly(IGNORED, 2, 3, IGNORED, 5);
    }

    private static Tokens tokens(long first, int count) {
        long[] ids = new long[count];
        Arrays.setAll(ids, i -> first + i);
        return new Tokens(ids, ids);
    }
}
