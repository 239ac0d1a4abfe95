package org.bonepeft.examples.glue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** Puts rows of similar length into one batch, so that little of it is padding. */
final class Batches {
    /** So many batches are drawn at random together and then sorted by length among themselves. */
    private static final int BUCKET = 50;

    private Batches() {}

    /** Returns the rows of each batch in a random order that depends on the seed alone; every row once. */
    static List<int[]> shuffled(long[][] rows, int batchSize, long seed) {
        Random random = new Random(seed);
        List<Integer> order =
                new ArrayList<>(IntStream.range(0, rows.length).boxed().toList());
        Collections.shuffle(order, random);
        List<int[]> batches = new ArrayList<>();
        for (List<Integer> bucket : parts(order, batchSize * BUCKET)) {
            batches.addAll(sorted(rows, bucket, batchSize));
        }
        Collections.shuffle(batches, random);
        return batches;
    }

    /** Returns the rows of each batch, the shortest first. */
    static List<int[]> byLength(long[][] rows, int batchSize) {
        return sorted(rows, IntStream.range(0, rows.length).boxed().toList(), batchSize);
    }

    /** Returns these rows, each padded on the right to the longest one. */
    static long[][] padded(long[][] rows, int[] batch, long pad) {
        int width = Arrays.stream(batch).map(row -> rows[row].length).max().orElse(0);
        return Arrays.stream(batch)
                .mapToObj(row -> {
                    long[] ids = Arrays.copyOf(rows[row], width);
                    Arrays.fill(ids, rows[row].length, width, pad);
                    return ids;
                })
                .toArray(long[][]::new);
    }

    private static List<int[]> sorted(long[][] rows, List<Integer> order, int batchSize) {
        List<Integer> byLength = new ArrayList<>(order);
        byLength.sort(Comparator.comparingInt(row -> rows[row].length));
        return parts(byLength, batchSize).stream()
                .map(part -> part.stream().mapToInt(Integer::intValue).toArray())
                .toList();
    }

    private static List<List<Integer>> parts(List<Integer> list, int size) {
        List<List<Integer>> parts = new ArrayList<>();
        for (int from = 0; from < list.size(); from += size) {
            parts.add(list.subList(from, Math.min(list.size(), from + size)));
        }
        return parts;
    }
}
