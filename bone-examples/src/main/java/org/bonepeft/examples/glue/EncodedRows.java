package org.bonepeft.examples.glue;

import java.util.Arrays;
import java.util.function.ObjIntConsumer;

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

    /** Returns the number of rows. */
    int size() {
        return labels.length;
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

    /** Returns the number of tokens of these rows. */
    long tokens(int[] batch) {
        return Arrays.stream(batch).mapToLong(row -> ids[row].length).sum();
    }

    /** Returns the token ids of these rows, each padded on the right to the longest one. */
    long[][] padded(int[] batch, long pad) {
        return fill(batch, (padded, row) -> {
            System.arraycopy(ids[row], 0, padded, 0, ids[row].length);
            Arrays.fill(padded, ids[row].length, padded.length, pad);
        });
    }

    /** Returns 1 for each token and 0 for padding, shaped like {@link #padded}. */
    long[][] mask(int[] batch) {
        return fill(batch, (mask, row) -> Arrays.fill(mask, 0, ids[row].length, 1));
    }

    private long[][] fill(int[] batch, ObjIntConsumer<long[]> filler) {
        int width = Arrays.stream(batch).map(row -> ids[row].length).max().orElse(0);
        long[][] filled = new long[batch.length][width];
        for (int i = 0; i < batch.length; i++) {
            filler.accept(filled[i], batch[i]);
        }
        return filled;
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
