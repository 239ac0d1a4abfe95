package org.bonepeft.examples.glue;

import java.util.Arrays;

/** The rows of a data set as token ids, and their classes. */
final class EncodedRows {
    private final long[][] ids;
    private final int[] labels;
    private final int truncated;

    /** Keeps the arrays: {@code ids [rows][tokens of the row]}, {@code labels [rows]}; {@code truncated} rows were cut. */
    EncodedRows(long[][] ids, int[] labels, int truncated) {
        this.ids = ids;
        this.labels = labels;
        this.truncated = truncated;
    }

    /** Returns how many tokens each row has, special ones included. */
    int[] lengths() {
        return Arrays.stream(ids).mapToInt(row -> row.length).toArray();
    }

    /** Returns how many rows were longer than the limit. */
    int truncated() {
        return truncated;
    }

    /** Returns the number of tokens of all rows. */
    long tokens() {
        return Arrays.stream(ids).mapToLong(row -> row.length).sum();
    }

    /** Returns the largest token id, or -1 if there is no token. */
    long largestId() {
        return Arrays.stream(ids).flatMapToLong(Arrays::stream).max().orElse(-1);
    }

    /** Returns the token ids of these rows, each padded on the right to the longest one. */
    long[][] padded(int[] batch, long pad) {
        int width = Arrays.stream(batch).map(row -> ids[row].length).max().orElse(0);
        return Arrays.stream(batch)
                .mapToObj(row -> {
                    long[] padded = Arrays.copyOf(ids[row], width);
                    Arrays.fill(padded, ids[row].length, width, pad);
                    return padded;
                })
                .toArray(long[][]::new);
    }

    /** Returns the classes of all rows. */
    int[] labels() {
        return labels.clone();
    }

    /** Returns the classes of these rows. */
    int[] labels(int[] batch) {
        return Arrays.stream(batch).map(row -> labels[row]).toArray();
    }
}
