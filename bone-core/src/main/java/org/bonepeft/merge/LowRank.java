package org.bonepeft.merge;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.graph.Decompositions.Svd;
import org.bonepeft.reference.DoubleTensor;
import org.bonepeft.reference.ReferenceDecompositions;
import org.bonepeft.tensor.Shape;

/**
 * The LoRA B A nearest to DeltaW among those of a rank: {@code B = U sqrt(S), A = sqrt(S) V^T} of its r largest singular
 * values, found from random combinations of its columns (Halko, Martinsson and Tropp 2011, algorithms 4.4 and 5.1).
 * DeltaW itself is never in memory: its rows are made again for every product.
 *
 * @param a [rank, in]
 * @param b [out, rank]
 * @param error {@code ||DeltaW - B A|| / ||DeltaW||} in the Frobenius norm
 */
@SuppressWarnings("ArrayRecordComponent")
record LowRank(int rank, float[] a, float[] b, double error) {
    /** Combinations beyond the rank, and power iterations: what makes the values wanted accurate (ibid., section 4). */
    private static final int OVERSAMPLING = 10;

    private static final int ITERATIONS = 3;

    /** Rows of DeltaW; safe to use from several threads. */
    interface Rows {
        /** Returns rows {@code from} (inclusive) to {@code to} (exclusive), [to - from, in]. */
        double[] read(int from, int to);
    }

    /** Returns the LoRA nearest to the rows' matrix, of this rank or, if that is more than it can have, of fewer. */
    static LowRank of(Rows delta, LayerSpec layer, int wanted) {
        int in = Math.toIntExact(layer.in());
        int out = Math.toIntExact(layer.out());
        int rank = Math.min(wanted, Math.min(in, out));
        int columns = Math.min(rank + OVERSAMPLING, Math.min(in, out));
        ReferenceDecompositions decompositions = new ReferenceDecompositions(0);
        double[] gaussian = gaussian(in * columns);
        double[] basis = orthonormal(decompositions, times(delta, out, in, gaussian, columns), columns);
        for (int i = 0; i < ITERATIONS; i++) {
            double[] right = orthonormal(decompositions, transposedTimes(delta, out, in, basis, columns), columns);
            basis = orthonormal(decompositions, times(delta, out, in, right, columns), columns);
        }
        // DeltaW^T Q = V diag(S) W^T, so that DeltaW is near Q W diag(S) V^T.
        double[] small = transposedTimes(delta, out, in, basis, columns);
        Svd<DoubleTensor> svd = decompositions.svd(DoubleTensor.of(Shape.of(in, columns), small));
        double[] s = svd.s().toArray();
        double kept = Arrays.stream(s).limit(rank).map(value -> value * value).sum();
        double all = squares(delta, out, in);
        double error = all == 0 ? 0 : Math.sqrt(Math.max(0, all - kept) / all);
        return new LowRank(
                rank,
                right(svd.u().toArray(), s, in, columns, rank),
                left(basis, svd.vt().toArray(), s, out, columns, rank),
                error);
    }

    private static float[] right(double[] v, double[] s, int in, int columns, int rank) {
        float[] a = new float[rank * in];
        for (int k = 0; k < rank; k++) {
            for (int c = 0; c < in; c++) {
                a[k * in + c] = (float) (Math.sqrt(s[k]) * v[c * columns + k]);
            }
        }
        return a;
    }

    private static float[] left(double[] basis, double[] wt, double[] s, int out, int columns, int rank) {
        float[] b = new float[out * rank];
        for (int o = 0; o < out; o++) {
            for (int k = 0; k < rank; k++) {
                double sum = 0;
                for (int j = 0; j < columns; j++) {
                    sum += basis[o * columns + j] * wt[k * columns + j];
                }
                b[o * rank + k] = (float) (Math.sqrt(s[k]) * sum);
            }
        }
        return b;
    }

    private static double[] gaussian(int count) {
        SplittableRandom random = new SplittableRandom(0);
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = random.nextGaussian();
        }
        return values;
    }

    private static double[] orthonormal(ReferenceDecompositions decompositions, double[] matrix, int columns) {
        return decompositions
                .qr(DoubleTensor.of(Shape.of(matrix.length / columns, columns), matrix))
                .q()
                .toArray();
    }

    /** DeltaW M, [out, columns]. */
    private static double[] times(Rows delta, int out, int in, double[] m, int columns) {
        double[] result = new double[out * columns];
        blocks(out, in).parallel().forEach(from -> {
            int to = Math.min(out, from + step(in));
            double[] rows = delta.read(from, to);
            for (int row = from; row < to; row++) {
                RowMaps.addProduct(1, rows, (row - from) * in, in, m, 0, result, row * columns, columns);
            }
        });
        return result;
    }

    /** DeltaW^T M, [in, columns]. */
    private static double[] transposedTimes(Rows delta, int out, int in, double[] m, int columns) {
        return blocks(out, in)
                .parallel()
                .boxed()
                .collect(
                        () -> new double[in * columns],
                        (sum, from) -> {
                            int to = Math.min(out, from + step(in));
                            double[] rows = delta.read(from, to);
                            for (int row = from; row < to; row++) {
                                for (int c = 0; c < in; c++) {
                                    double factor = rows[(row - from) * in + c];
                                    RowMaps.add(factor, m, row * columns, sum, c * columns, columns);
                                }
                            }
                        },
                        (sum, other) -> RowMaps.add(1, other, 0, sum, 0, sum.length));
    }

    private static double squares(Rows delta, int out, int in) {
        return blocks(out, in)
                .parallel()
                .mapToDouble(from -> Arrays.stream(delta.read(from, Math.min(out, from + step(in))))
                        .map(value -> value * value)
                        .sum())
                .sum();
    }

    private static IntStream blocks(int out, int in) {
        int step = step(in);
        return IntStream.range(0, (out + step - 1) / step).map(block -> block * step);
    }

    private static int step(int in) {
        return Math.max(1, Workers.PART / in);
    }
}
