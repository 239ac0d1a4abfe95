package org.bonepeft.examples.lm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.llama.LlamaConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextTokenizerTest {
    private static final Path MODEL = ModelOptions.bundled("mini-llama");

    @TempDir
    private Path folder;

    @Test
    void bundledTokenizer_hasEachDigitAloneAndAllWordsWhole() throws IOException {
        try (TextTokenizer tokenizer =
                TextTokenizer.read(MODEL, LlamaConfig.read(MODEL).vocabSize())) {
            String text = "Tom has 12 apples and pays 120 dollars.";
            long[] ids = tokenizer.encode(text);
            // <s>, 8 words and a full stop, a blank and its digits for each number
            assertThat(ids).hasSize(1 + 6 + 1 + 3 + 4);
            assertThat(tokenizer.decode(ids)).isEqualTo(text);
        }
    }

    /** SentencePiece's tokenizers take a blank off the first word; Python code would lose its indentation. */
    @Test
    void decodeNext_keepsTheFirstBlank() throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), """
                {"version": "1.0", "added_tokens": [],
                 "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
                 "decoder": {"type": "Sequence", "decoders": [
                   {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "Fuse"},
                   {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
                 "model": {"type": "BPE", "vocab": {"▁": 0, "a": 1, "b": 2}, "merges": []}}
                """);
        try (TextTokenizer tokenizer = TextTokenizer.read(folder, 3)) {
            long[] ids = tokenizer.encode("  b");
            assertThat(tokenizer.decode(ids)).isEqualTo(" b");
            assertThat(tokenizer.decodeNext(ids)).isEqualTo("  b");
            assertThat(tokenizer.decodeNext(new long[0])).isEmpty();
        }
    }

    @Test
    void tokenizerOfAnotherModel_isRefused() throws IOException {
        int size = LlamaConfig.read(MODEL).vocabSize();
        assertThatThrownBy(() -> TextTokenizer.read(MODEL, size - 1))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("has " + size + " tokens, config.json has vocab_size " + (size - 1));
        assertThatThrownBy(() -> TextTokenizer.read(MODEL, 2 * size))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("belongs to another model");
        TextTokenizer.read(MODEL, size + 28).close(); // embeddings are padded to round numbers
    }

    @Test
    void missingAndBrokenFiles_areRefused() throws IOException {
        assertThatThrownBy(() -> TextTokenizer.read(folder, 10))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("no such file");
        Files.writeString(folder.resolve("tokenizer.json"), "{\"model\": {\"vocab\": {\"a\": 9}}}");
        assertThatThrownBy(() -> TextTokenizer.read(folder, 10))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("not a Hugging Face tokenizer");
    }

    @Test
    void realTokenizers_haveTheirSizes() throws IOException {
        Path tokenizers = Path.of(System.getProperty("bone.root", "")).resolve("../shared/data/tokenizers");
        assumeThat(tokenizers).isDirectory();
        try (TextTokenizer llama = TextTokenizer.read(tokenizers.resolve("llama2"), 32_000);
                TextTokenizer gpt2 = TextTokenizer.read(tokenizers.resolve("gpt2"), 50_257)) {
            assertThat(llama.size()).isEqualTo(32_000);
            assertThat(llama.encode("Hello world")).containsExactly(1, 15043, 3186);
            assertThat(gpt2.encode("Hello world")).containsExactly(15496, 995);
        }
    }
}
