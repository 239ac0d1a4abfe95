package org.bonepeft.examples.glue;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.util.PairList;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bonepeft.BoneException;

/** Turns sentences and pairs of them into token ids as the {@code tokenizer.json} of a model says. */
final class TextEncoder implements AutoCloseable {
    /** The file that says how to tokenize. */
    static final String FILE = "tokenizer.json";

    private static final int CHUNK = 1000;

    private final HuggingFaceTokenizer tokenizer;

    /**
     * Reads {@code tokenizer.json} of a model folder; other tokenizer files there are not looked at.
     *
     * @param maxLength the most tokens of a row, special ones included; the longer sentence is cut first
     * @throws BoneException if the file is missing or is no tokenizer
     * @throws IOException if it cannot be read
     */
    TextEncoder(Path modelFolder, int maxLength) throws IOException {
        Path file = modelFolder.resolve(FILE);
        if (!Files.isRegularFile(file)) {
            throw new BoneException("no such file: " + file + " (the tokenizer belongs into the model's folder)");
        }
        Map<String, String> options = Map.of(
                "truncation",
                "true",
                "padding",
                "false",
                "maxLength",
                Integer.toString(maxLength),
                "modelMaxLength",
                Integer.toString(maxLength));
        try (InputStream json = Files.newInputStream(file)) {
            tokenizer = HuggingFaceTokenizer.newInstance(json, options);
        } catch (RuntimeException e) { // all that the native library says
            throw new BoneException(file + ": not a Hugging Face tokenizer: " + e.getMessage(), e);
        }
    }

    /** Returns the rows in the same order, special tokens included, without padding. */
    EncodedRows encode(List<Example> examples) {
        long[][] ids = new long[examples.size()][];
        int truncated = 0;
        for (int from = 0; from < ids.length; from += CHUNK) {
            Encoding[] encodings = encodeChunk(examples.subList(from, Math.min(ids.length, from + CHUNK)));
            for (int i = 0; i < encodings.length; i++) {
                ids[from + i] = encodings[i].getIds();
                truncated += encodings[i].exceedMaxLength() ? 1 : 0;
            }
        }
        return new EncodedRows(ids, examples.stream().mapToInt(Example::label).toArray(), truncated);
    }

    private Encoding[] encodeChunk(List<Example> examples) {
        if (examples.get(0).texts().size() == 1) {
            return tokenizer.batchEncode(
                    examples.stream().map(example -> example.texts().get(0)).toList());
        }
        PairList<String, String> pairs = new PairList<>();
        for (Example example : examples) {
            pairs.add(example.texts().get(0), example.texts().get(1));
        }
        return tokenizer.batchEncode(pairs);
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
