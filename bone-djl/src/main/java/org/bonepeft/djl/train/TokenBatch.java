package org.bonepeft.djl.train;

import java.util.Arrays;
import java.util.List;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.CrossEntropyLoss;

/** Sequences for a language model, padded on the right to one length. */
public final class TokenBatch implements MicroBatch {
    private final long[][] ids;
    private final long[][] mask;
    private final long[][] labels;

    /** A sequence and, for each of its tokens, what is to be predicted there. */
    public static final class Sequence {
        private final long[] ids;
        private final long[] labels;

        /**
         * Creates a sequence.
         *
         * @param labels as many as ids: the token itself where it is to be predicted (from those before it), {@link
         *     CrossEntropyLoss#IGNORED} where not
         */
        public Sequence(long[] ids, long[] labels) {
            if (ids.length != labels.length) {
                throw new BoneException(ids.length + " tokens with " + labels.length + " labels; give each token one");
            }
            this.ids = ids.clone();
            this.labels = labels.clone();
        }

        /** Returns a sequence of which every token is to be predicted. */
        public static Sequence of(long[] ids) {
            return new Sequence(ids, ids);
        }

        /** Returns a prompt and the response that is to be predicted. */
        public static Sequence of(long[] prompt, long[] response) {
            long[] ids = Arrays.copyOf(prompt, prompt.length + response.length);
            System.arraycopy(response, 0, ids, prompt.length, response.length);
            long[] labels = ids.clone();
            Arrays.fill(labels, 0, prompt.length, CrossEntropyLoss.IGNORED);
            return new Sequence(ids, labels);
        }

        /** Returns the number of tokens. */
        public int length() {
            return ids.length;
        }
    }

    private TokenBatch(int rows, int width) {
        ids = new long[rows][width];
        mask = new long[rows][width];
        labels = new long[rows][width];
    }

    /** Returns sequences as a batch, as wide as the longest of them. */
    public static TokenBatch of(List<Sequence> sequences, long pad) {
        int width = sequences.stream().mapToInt(Sequence::length).max().orElse(0);
        TokenBatch batch = new TokenBatch(sequences.size(), width);
        for (int row = 0; row < sequences.size(); row++) {
            Sequence sequence = sequences.get(row);
            int length = sequence.length();
            System.arraycopy(sequence.ids, 0, batch.ids[row], 0, length);
            Arrays.fill(batch.ids[row], length, width, pad);
            Arrays.fill(batch.mask[row], 0, length, 1);
            System.arraycopy(sequence.labels, 0, batch.labels[row], 0, length);
            Arrays.fill(batch.labels[row], length, width, CrossEntropyLoss.IGNORED);
        }
        return batch;
    }

    /** Returns the ids [sequences][tokens]; not a copy. */
    public long[][] ids() {
        return ids;
    }

    /** Returns 1 for each token and 0 for padding, shaped like the ids; not a copy. */
    public long[][] mask() {
        return mask;
    }

    /** Returns the labels, shaped like the ids; not a copy. */
    public long[][] labels() {
        return labels;
    }

    /** Returns how many tokens are predicted; nothing predicts the first one of a sequence. */
    @Override
    public double weight() {
        return Arrays.stream(labels)
                .flatMapToLong(row -> Arrays.stream(row).skip(1))
                .filter(label -> label != CrossEntropyLoss.IGNORED)
                .count();
    }

    @Override
    public long tokens() {
        return Arrays.stream(mask).flatMapToLong(Arrays::stream).sum();
    }
}
