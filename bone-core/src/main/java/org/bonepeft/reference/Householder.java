package org.bonepeft.reference;

import org.bonepeft.graph.Decompositions.Qr;
import org.bonepeft.tensor.Shape;

/** QR by Householder reflections (Golub and Van Loan, algorithm 5.2.1). */
final class Householder {
    private Householder() {}

    static Qr<DoubleTensor> qr(DoubleTensor a) {
        int m = (int) a.shape().dim(0);
        int n = (int) a.shape().dim(1);
        int k = Math.min(m, n);
        double[] work = a.toArray().clone();
        double[][] reflectors = new double[k][];
        for (int j = 0; j < k; j++) {
            reflectors[j] = reflector(work, m, n, j);
            reflect(work, n, reflectors[j], j, j);
        }
        double[] r = new double[k * n];
        for (int i = 0; i < k; i++) {
            System.arraycopy(work, i * n + i, r, i * n + i, n - i);
        }
        double[] q = new double[m * k];
        for (int j = 0; j < k; j++) {
            q[j * k + j] = 1;
        }
        for (int j = k - 1; j >= 0; j--) {
            reflect(q, k, reflectors[j], j, 0);
        }
        return new Qr<>(DoubleTensor.of(Shape.of(m, k), q), DoubleTensor.of(Shape.of(k, n), r));
    }

    /** The vector v, scaled to v.v = 2, whose reflection x - v (v.x) maps column j below row j to a multiple of e_j. */
    private static double[] reflector(double[] work, int m, int n, int j) {
        double[] v = new double[m - j];
        double norm = 0;
        for (int i = j; i < m; i++) {
            v[i - j] = work[i * n + j];
            norm = Math.hypot(norm, v[i - j]);
        }
        v[0] += Math.copySign(norm, v[0]);
        double length = 0;
        for (double value : v) {
            length = Math.hypot(length, value);
        }
        for (int i = 0; i < v.length && length > 0; i++) {
            v[i] *= Math.sqrt(2) / length;
        }
        return v;
    }

    /** Reflects rows from {@code top} of a matrix with {@code n} columns, from column {@code left}. */
    private static void reflect(double[] matrix, int n, double[] v, int top, int left) {
        for (int column = left; column < n; column++) {
            double dot = 0;
            for (int i = 0; i < v.length; i++) {
                dot += v[i] * matrix[(top + i) * n + column];
            }
            for (int i = 0; i < v.length; i++) {
                matrix[(top + i) * n + column] -= dot * v[i];
            }
        }
    }
}
