package org.bonepeft.examples.pretrain;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/** Documents one after the other, each ended by a token, cut into rows of one length without padding. */
final class PackedRows {
    private static final int CHUNK = 256;

    private final Supplier<String> documents;
    private final HuggingFaceTokenizer tokenizer;
    private final long end;
    private long[] tokens = {};
    private int at;

    PackedRows(Supplier<String> documents, HuggingFaceTokenizer tokenizer, long end) {
        this.documents = documents;
        this.tokenizer = tokenizer;
        this.end = end;
    }

    /** The next rows, one after the other. */
    long[] next(int rows, int length) {
        long[] next = new long[rows * length];
        for (int i = 0; i < next.length; ) {
            if (at == tokens.length) {
                fill();
            }
            int count = Math.min(next.length - i, tokens.length - at);
            System.arraycopy(tokens, at, next, i, count);
            i += count;
            at += count;
        }
        return next;
    }

    private void fill() {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < CHUNK; i++) {
            texts.add(documents.get());
        }
        tokens = Arrays.stream(tokenizer.batchEncode(texts))
                .map(Encoding::getIds)
                .map(ids -> {
                    long[] ended = Arrays.copyOf(ids, ids.length + 1);
                    ended[ids.length] = end;
                    return ended;
                })
                .flatMapToLong(Arrays::stream)
                .toArray();
        at = 0;
    }
}
