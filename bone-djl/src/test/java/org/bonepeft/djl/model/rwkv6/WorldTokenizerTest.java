package org.bonepeft.djl.model.rwkv6;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.LongStream;
import org.bonepeft.BoneException;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The real lines of the vocabulary for single bytes and for the words of two texts whose encodings are published: in the
 * test of rwkv.cpp's tokenizer and in the README of the Rust package rwkv-tokenizer.
 */
class WorldTokenizerTest {
    private static final String[] WORDS = {
        "261 '\\n\\n' 2", "267 '  ' 2", "274 \" '\" 2", "295 ' <' 2", "332 ' a' 2", "379 '\"\\'' 2", "790 '><' 2",
    };

    private static final String CPP =
            "I'll 'd test \u0431\u043b\u0430\u0431\u043b\u0430 \u4ee5\u4e0b\u306f\u3001]) -> <|endoftext|><|padding|> int";
    private static final long[] CPP_TOKENS = {
        74, 5229, 274, 101, 32223, 5092, 27980, 2795, 27980, 33, 10399, 10258, 10139, 10079, 1682, 3463, 295, 125,
        25258, 7588, 2318, 125, 790, 125, 49520, 125, 63, 21888
    };
    private static final String[] CPP_WORDS = {
        "I",
        "'ll",
        " '",
        "d",
        " test",
        " \u0431",
        "\u043b\u0430",
        "\u0431",
        "\u043b\u0430",
        " ",
        "\u4ee5",
        "\u4e0b",
        "\u306f",
        "\u3001",
        "])",
        " ->",
        " <",
        "|",
        "endo",
        "fte",
        "xt",
        "|",
        "><",
        "|",
        "padding",
        "|",
        ">",
        " int"
    };

    private static final String RUST =
            "Today is a beautiful day. \u4eca\u5929\u662f\u7f8e\u597d\u7684\u4e00\u5929\u3002";
    private static final long[] RUST_TOKENS = {
        33520, 4600, 332, 59219, 21509, 47, 33, 10381, 11639, 13091, 15597, 11685, 14734, 10250, 11639, 10080
    };
    private static final String[] RUST_WORDS = {
        "Today",
        " is",
        " a",
        " beautiful",
        " day",
        ".",
        " ",
        "\u4eca",
        "\u5929",
        "\u662f",
        "\u7f8e",
        "\u597d",
        "\u7684",
        "\u4e00",
        "\u5929",
        "\u3002"
    };

    @TempDir
    private Path directory;

    private Path file;
    private WorldTokenizer tokenizer;

    @BeforeEach
    void read() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int b = 0; b < 256; b++) {
            lines.append(b + 1)
                    .append(b < 128 && b >= 32 && b != '\'' && b != '\\' ? " '" + (char) b : " b'\\x%02x".formatted(b))
                    .append("' 1\n");
        }
        Arrays.stream(WORDS).forEach(word -> lines.append(word).append('\n'));
        append(lines, CPP_TOKENS, CPP_WORDS);
        append(lines, RUST_TOKENS, RUST_WORDS);
        file = Files.writeString(directory.resolve("vocabulary.txt"), lines);
        tokenizer = WorldTokenizer.read(file);
    }

    private static void append(StringBuilder lines, long[] tokens, String[] words) {
        for (int i = 0; i < tokens.length; i++) {
            String line = tokens[i] + " " + (words[i].contains("'") ? "\"%s\"" : "'%s'").formatted(words[i]) + " ";
            if (tokens[i] > 256 && lines.indexOf("\n" + line) < 0) {
                lines.append(line)
                        .append(words[i].getBytes(StandardCharsets.UTF_8).length)
                        .append('\n');
            }
        }
    }

    @Test
    void encode_publishedTexts_givesThePublishedTokens() {
        assertThat(tokenizer.encode(CPP)).isEqualTo(CPP_TOKENS);
        assertThat(tokenizer.decode(CPP_TOKENS)).isEqualTo(CPP);
        assertThat(tokenizer.encode(RUST)).isEqualTo(RUST_TOKENS);
        assertThat(tokenizer.decode(RUST_TOKENS)).isEqualTo(RUST);
        assertThat(tokenizer.vocabSize()).isEqualTo(59220);
    }

    @Test
    void encode_wholeVocabularyIfThere_givesThePublishedTokens() throws IOException {
        Path whole = Path.of(System.getProperty("bone.root", ""), "../shared/data/tokenizers/rwkv_vocab_v20230424.txt");
        Assumptions.assumeTrue(Files.exists(whole), "no " + whole);
        WorldTokenizer real = WorldTokenizer.read(whole);
        assertThat(real.encode(CPP)).isEqualTo(CPP_TOKENS);
        assertThat(real.encode(RUST)).isEqualTo(RUST_TOKENS);
        assertThat(real.vocabSize()).isEqualTo(65530);
    }

    @Test
    void encode_takesTheLongestToken_andQuotesAsTheyStand() {
        assertThat(tokenizer.encode("   \n\n\"'")).containsExactly(267, 33, 261, 379);
        assertThat(tokenizer.encode("")).isEmpty();
        assertThat(tokenizer.encode("Tod")).containsExactly('T' + 1, 'o' + 1, 'd' + 1);
    }

    @Test
    void decode_anyText_hasItsBytes() {
        Random random = new Random(3);
        for (int i = 0; i < 200; i++) {
            int[] points = random.ints(20, 0, 0x11000)
                    .filter(point -> point < 0xd800 || point > 0xdfff)
                    .toArray();
            String text = new String(points, 0, points.length);
            assertThat(tokenizer.decodeBytes(tokenizer.encode(text))).isEqualTo(text.getBytes(StandardCharsets.UTF_8));
        }
        byte[] every = tokenizer.decodeBytes(LongStream.rangeClosed(1, 256).toArray());
        for (int b = 0; b < 256; b++) {
            assertThat(every[b]).isEqualTo((byte) b);
        }
    }

    @Test
    void decode_unknownToken_isRefused_andEndIsNothing() {
        assertThat(tokenizer.decode(new long[] {WorldTokenizer.END, 'a' + 1, WorldTokenizer.END}))
                .isEqualTo("a");
        assertThatThrownBy(() -> tokenizer.decode(new long[] {300}))
                .isInstanceOf(BoneException.class)
                .hasMessage("there is no token 300 in the vocabulary of 59220");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"400 'ab' 3", "43 '+' 1", "400 ab 2", "400 'a'b' 3", "x 'ab' 2", "400 '\\q' 1", "400", "0 'ab' 2"
            })
    void read_wrongLine_isRefused(String line) throws IOException {
        Files.writeString(file, Files.readString(file) + line + "\n");
        assertThatThrownBy(() -> WorldTokenizer.read(file))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("line ")
                .hasMessageContaining(line);
    }

    @Test
    void read_noFileOrNoText_isRefused() throws IOException {
        Path gone = directory.resolve("gone.txt");
        assertThatThrownBy(() -> WorldTokenizer.read(gone))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("gone.txt; expected the vocabulary of the RWKV World models");
        Files.write(file, new byte[] {(byte) 0xff, (byte) 0xfe});
        assertThatThrownBy(() -> WorldTokenizer.read(file))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("not text in UTF-8");
    }

    @Test
    void read_withoutAllBytes_isRefused() throws IOException {
        Files.writeString(file, Files.readString(file).replace("129 b'\\x80' 1\n", ""));
        assertThatThrownBy(() -> WorldTokenizer.read(file))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("no token of the single byte 128");
    }
}
