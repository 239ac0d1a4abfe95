package org.bonepeft.examples.glue;

import java.util.ArrayList;
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
    static List<int[]> shuffled(int[] lengths, int batchSize, long seed) {
        Random random = new Random(seed);
        List<Integer> order =
                new ArrayList<>(IntStream.range(0, lengths.length).boxed().toList());
        Collections.shuffle(order, random);
        List<int[]> batches = new ArrayList<>();
        for (List<Integer> bucket : parts(order, batchSize * BUCKET)) {
            batches.addAll(sorted(lengths, bucket, batchSize));
        }
        Collections.shuffle(batches, random);
        return batches;
    }

    /** Returns the rows of each batch, the shortest first. */
    static List<int[]> byLength(int[] lengths, int batchSize) {
        return sorted(lengths, IntStream.range(0, lengths.length).boxed().toList(), batchSize);
    }

    private static List<int[]> sorted(int[] lengths, List<Integer> order, int batchSize) {
        List<Integer> byLength = new ArrayList<>(order);
        byLength.sort(Comparator.comparingInt(row -> lengths[row]));
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
