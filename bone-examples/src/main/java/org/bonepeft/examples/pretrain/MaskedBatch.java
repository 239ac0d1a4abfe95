package org.bonepeft.examples.pretrain;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.bonepeft.djl.train.MicroBatch;

/**
 * Sequences of a batch with some tokens hidden, to be guessed (Devlin et al. 2019): of the tokens 15 % are chosen; of
 * these 80 % become {@code <mask>}, 10 % a random token and 10 % stay. Special tokens are not chosen.
 */
final class MaskedBatch implements MicroBatch {
    private static final double CHOSEN = 0.15;
    private static final double HIDDEN = 0.8;
    private static final double RANDOM = 0.1;
    private static final long PAD = 1;
    private static final int FIRST_ORDINARY = 4;

    private final Shape shape;
    private final long[] ids;
    private final long[] present;
    private final long[] positions;
    private final long[] labels;

    private MaskedBatch(Shape shape, long[] ids, long[] present, long[] positions, long[] labels) {
        this.shape = shape;
        this.ids = ids;
        this.present = present;
        this.positions = positions;
        this.labels = labels;
    }

    /**
     * Hides tokens anew at each call.
     *
     * @param vocabulary how many tokens there are, {@code <mask>} the last of them
     */
    static MaskedBatch of(List<long[]> rows, int vocabulary, Random random) {
        int width = rows.stream().mapToInt(row -> row.length).max().orElse(0);
        long[] ids = new long[rows.size() * width];
        long[] present = new long[ids.length];
        Arrays.fill(ids, PAD);
        LongStream.Builder positions = LongStream.builder();
        LongStream.Builder labels = LongStream.builder();
        for (int row = 0; row < rows.size(); row++) {
            int start = row * width;
            for (long token : rows.get(row)) {
                int at = start++;
                present[at] = 1;
                ids[at] = token;
                if (token >= FIRST_ORDINARY && random.nextDouble() < CHOSEN) {
                    positions.add(at);
                    labels.add(token);
                    ids[at] = instead(token, vocabulary, random);
                }
            }
        }
        Shape shape = new Shape(rows.size(), width);
        return new MaskedBatch(
                shape, ids, present, positions.build().toArray(), labels.build().toArray());
    }

    private static long instead(long token, int vocabulary, Random random) {
        double chance = random.nextDouble();
        if (chance < HIDDEN) {
            return vocabulary - 1L;
        }
        return chance < HIDDEN + RANDOM ? FIRST_ORDINARY + random.nextInt(vocabulary - 1 - FIRST_ORDINARY) : token;
    }

    /** The model's inputs: ids and mask [sequences, width], padded on the right. */
    NDList inputs(NDManager manager) {
        return new NDList(manager.create(ids, shape), manager.create(present, shape));
    }

    /** Which elements of the ids were chosen [chosen]. */
    NDArray positions(NDManager manager) {
        return manager.create(positions);
    }

    /** The tokens that were there [chosen]. */
    NDArray labels(NDManager manager) {
        return manager.create(labels);
    }

    int chosen() {
        return labels.length;
    }

    @Override
    public double weight() {
        return labels.length;
    }

    @Override
    public long tokens() {
        return Arrays.stream(present).sum();
    }
}
