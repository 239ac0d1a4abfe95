package org.bonepeft.examples.pretrain;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.util.PairList;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.bonepeft.examples.text.Corpus;

/** Endless batches of encoded text; the sequences of a batch are about equally long. */
final class TokenStream {
    /** Lines that are sorted by length together. */
    private static final int CHUNK = 4096;

    private final Corpus corpus;
    private final HuggingFaceTokenizer tokenizer;
    private final int batchTokens;
    private final int maximumLength;
    private final Random random;
    private final Deque<List<long[]>> ready = new ArrayDeque<>();

    /**
     * Reads a corpus.
     *
     * @param batchTokens the most tokens of a batch, padding included
     * @param maximumLength longer lines are left out
     */
    TokenStream(Corpus corpus, HuggingFaceTokenizer tokenizer, int batchTokens, int maximumLength, Random random) {
        this.corpus = corpus;
        this.tokenizer = tokenizer;
        this.batchTokens = batchTokens;
        this.maximumLength = maximumLength;
        this.random = random;
    }

    /** The ids of the sequences of the next batch. */
    List<long[]> next() {
        while (ready.isEmpty()) {
            fill();
        }
        return ready.removeFirst();
    }

    private void fill() {
        List<long[]> rows = new ArrayList<>();
        PairList<String, String> pairs = new PairList<>();
        List<String> singles = new ArrayList<>();
        for (List<String> line : corpus.lines(CHUNK)) {
            if (line.size() == 1) {
                singles.add(line.get(0));
            } else {
                pairs.add(line.get(0), line.get(1));
            }
        }
        collect(tokenizer.batchEncode(singles), rows);
        collect(tokenizer.batchEncode(pairs), rows);
        rows.sort(Comparator.comparingInt(row -> row.length));
        List<List<long[]>> batches = new ArrayList<>();
        List<long[]> batch = new ArrayList<>();
        for (long[] row : rows) {
            if (!batch.isEmpty() && (batch.size() + 1) * row.length > batchTokens) {
                batches.add(batch);
                batch = new ArrayList<>();
            }
            batch.add(row);
        }
        Collections.shuffle(batches, random);
        ready.addAll(batches);
    }

    private void collect(Encoding[] encodings, List<long[]> rows) {
        for (Encoding encoding : encodings) {
            if (encoding.getIds().length <= maximumLength) {
                rows.add(encoding.getIds());
            }
        }
    }
}
