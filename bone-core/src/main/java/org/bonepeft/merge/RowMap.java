package org.bonepeft.merge;

/**
 * What merging does to a weight [out, in], row by row: of every method, row o of W + DeltaW depends on row o of W alone.
 * Safe to use from several threads.
 */
@FunctionalInterface
interface RowMap {
    /** Changes the {@code in} elements from {@code at} on, which are row {@code row} of the weight. */
    void apply(int row, double[] w, int at);
}
