package org.bonepeft.djl.train;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.bonepeft.BoneException;

/**
 * Which examples a step sees. A function of its arguments alone: how a batch is cut into micro-batches does not change
 * it, and a resumed run finds its place from the number of its step.
 */
@FunctionalInterface
public interface BatchOrder {
    /**
     * Returns the examples of each step of an epoch.
     *
     * @param size of the data
     * @param batchSize examples of a step
     * @param seed of the run
     * @param epoch from 0
     */
    List<int[]> batches(int size, int batchSize, long seed, int epoch);

    /** Returns a random permutation for each epoch, cut into batches; the last one may be smaller. */
    static BatchOrder shuffled() {
        return (size, batchSize, seed, epoch) -> cut(permutation(size, new Random(mix(seed, epoch))), batchSize);
    }

    /** Returns the order of the data itself, in every epoch. */
    static BatchOrder sequential() {
        return (size, batchSize, seed, epoch) ->
                cut(IntStream.range(0, size).boxed().toList(), batchSize);
    }

    /**
     * Returns batches of examples of about equal length, so that little is padding: fifty batches of a random
     * permutation are sorted together, cut, and all batches shuffled.
     *
     * @param lengths of the examples
     */
    static BatchOrder byLength(int[] lengths) {
        int[] known = lengths.clone();
        return (size, batchSize, seed, epoch) -> {
            if (size != known.length) {
                throw new BoneException(known.length + " lengths for " + size + " examples; give each example one");
            }
            int bucketSize = (int) Math.min(size, 50L * batchSize);
            Random random = new Random(mix(seed, epoch));
            List<Integer> order = permutation(size, random);
            List<int[]> batches = new ArrayList<>();
            for (int from = 0; from < size; from += bucketSize) {
                List<Integer> bucket = new ArrayList<>(order.subList(from, Math.min(size, from + bucketSize)));
                bucket.sort(Comparator.comparingInt(example -> known[example]));
                batches.addAll(cut(bucket, batchSize));
            }
            Collections.shuffle(batches, random);
            return batches;
        };
    }

    private static long mix(long seed, int epoch) {
        return seed * 31 + epoch;
    }

    private static List<Integer> permutation(int size, Random random) {
        List<Integer> order = new ArrayList<>(IntStream.range(0, size).boxed().toList());
        Collections.shuffle(order, random);
        return order;
    }

    private static List<int[]> cut(List<Integer> order, int batchSize) {
        List<int[]> batches = new ArrayList<>();
        for (int from = 0; from < order.size(); from += batchSize) {
            batches.add(order.subList(from, Math.min(order.size(), from + batchSize)).stream()
                    .mapToInt(Integer::intValue)
                    .toArray());
        }
        return batches;
    }
}
