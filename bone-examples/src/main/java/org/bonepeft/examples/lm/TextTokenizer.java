package org.bonepeft.examples.lm;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.rwkv6.WorldTokenizer;
import org.bonepeft.json.Json;
import org.jspecify.annotations.Nullable;

/**
 * Text as tokens and back, as the {@code tokenizer.json} of a model says, or the vocabulary of the RWKV World models.
 * Needs no network.
 */
public final class TextTokenizer implements AutoCloseable {
    /** The file's name. */
    public static final String FILE = "tokenizer.json";

    /** The name of the vocabulary that takes its place beside an RWKV World model. */
    public static final String WORLD = "rwkv_vocab_v20230424.txt";

    private static final Map<String, String> PLAIN = Map.of("truncation", "false", "padding", "false");

    /** A model may have this many embeddings that no token uses, so that their number suits the hardware. */
    private static final int PADDING = 1024;

    private final Function<List<String>, List<long[]>> encoder;
    private final Function<long[], String> decoder;
    private final Runnable closer;
    private final int size;

    /** A word for others to follow. */
    private final long[] word;

    private TextTokenizer(HuggingFaceTokenizer tokenizer, int size) {
        encoder = texts -> Arrays.stream(tokenizer.batchEncode(texts))
                .map(Encoding::getIds)
                .toList();
        decoder = tokens -> tokenizer.decode(tokens, true);
        closer = tokenizer::close;
        this.size = size;
        word = tokenizer.encode("a", false, false).getIds();
    }

    private TextTokenizer(WorldTokenizer tokenizer) {
        encoder = texts -> texts.stream().map(tokenizer::encode).toList();
        decoder = tokenizer::decode;
        closer = () -> {};
        size = tokenizer.vocabSize();
        word = new long[0];
    }

    /**
     * Reads {@code tokenizer.json} of a model's folder, or if there is none {@value #WORLD}.
     *
     * @param vocabSize how many tokens the model knows
     * @throws BoneException if the file is missing, is no tokenizer, or is another model's: it has more tokens than the
     *     model, or fewer by more than 1024 or a tenth
     * @throws IOException if it cannot be read
     */
    public static TextTokenizer read(Path folder, int vocabSize) throws IOException {
        Path file = folder.resolve(FILE);
        if (!Files.isRegularFile(file)) {
            Path world = folder.resolve(WORLD);
            if (!Files.isRegularFile(world)) {
                throw new BoneException(
                        "no such file: " + file + " (the tokenizer belongs into the model's folder; that of"
                                + " an RWKV World model is " + WORLD + ")");
            }
            TextTokenizer tokenizer = new TextTokenizer(WorldTokenizer.read(world));
            check(world, tokenizer.size(), vocabSize);
            return tokenizer;
        }
        int size = size(file);
        check(file, size, vocabSize);
        try (InputStream json = Files.newInputStream(file)) {
            return new TextTokenizer(HuggingFaceTokenizer.newInstance(json, PLAIN), size);
        } catch (RuntimeException e) { // all that the native library says
            throw new BoneException(file + ": not a Hugging Face tokenizer: " + e.getMessage(), e);
        }
    }

    private static void check(Path file, int size, int vocabSize) {
        if (size > vocabSize || vocabSize - size > Math.min(PADDING, vocabSize / 10)) {
            throw new BoneException(file + " has " + size + " tokens, config.json has vocab_size " + vocabSize
                    + "; the tokenizer belongs to another model");
        }
    }

    /** The largest id of any token, and one. */
    private static int size(Path file) throws IOException {
        Map<String, @Nullable Object> root = Json.readObject(file);
        long model = root.get("model") instanceof Map<?, ?> map ? size(map.get("vocab")) : 0;
        long added = root.get("added_tokens") instanceof List<?> list
                ? list.stream()
                        .mapToLong(
                                token -> token instanceof Map<?, ?> map && map.get("id") instanceof Long id ? id : -1)
                        .max()
                        .orElse(-1)
                : -1;
        return Math.toIntExact(Math.max(model, added + 1));
    }

    private static long size(@Nullable Object vocabulary) {
        if (vocabulary instanceof Map<?, ?> ids) {
            return 1
                    + ids.values().stream()
                            .mapToLong(id -> id instanceof Long value ? value : -1)
                            .max()
                            .orElse(-1);
        }
        return vocabulary instanceof List<?> pieces ? pieces.size() : 0;
    }

    /** Returns the number of tokens. */
    public int size() {
        return size;
    }

    /** Returns the tokens of texts, with the special ones that a sequence begins with, if any. */
    public List<long[]> encode(List<String> texts) {
        return texts.isEmpty() ? List.of() : encoder.apply(texts);
    }

    /** Returns the tokens of a text; see {@link #encode(List)}. */
    public long[] encode(String text) {
        return encode(List.of(text)).get(0);
    }

    /** Returns the text of tokens, special ones left out. */
    public String decode(long[] tokens) {
        return tokens.length == 0 ? "" : decoder.apply(tokens);
    }

    /** Returns the text of tokens that follow others: it keeps a blank that some tokenizers take off the first word. */
    public String decodeNext(long[] tokens) {
        long[] all =
                LongStream.concat(LongStream.of(word), LongStream.of(tokens)).toArray();
        return decode(all).substring(decode(word).length());
    }

    /** Returns {@code tokens} without those of {@code ends} that it ends in: some tokenizers add one. */
    static long[] withoutEnd(long[] tokens, java.util.Set<Long> ends) {
        int length = tokens.length;
        while (length > 1 && ends.contains(tokens[length - 1])) {
            length--;
        }
        return LongStream.of(tokens).limit(length).toArray();
    }

    @Override
    public void close() {
        closer.run();
    }
}
