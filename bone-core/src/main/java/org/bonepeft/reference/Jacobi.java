package org.bonepeft.reference;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.bonepeft.BoneException;
import org.bonepeft.graph.Decompositions.Svd;
import org.bonepeft.tensor.Shape;

/** Singular values by one-sided Jacobi rotations, which make the columns orthogonal (Hestenes 1958). */
final class Jacobi {
    /** Convergence is quadratic, so that a matrix of any size takes about ten. */
    private static final int MAX_SWEEPS = 60;

    private Jacobi() {}

    /**
     * Decomposes a matrix with at least as many rows as columns.
     *
     * @throws BoneException if an element is not finite
     */
    static Svd<DoubleTensor> svd(DoubleTensor a) {
        int m = (int) a.shape().dim(0);
        int n = (int) a.shape().dim(1);
        double[][] columns = new double[n][m];
        double[][] right = new double[n][n];
        double[] elements = a.toArray();
        if (!Arrays.stream(elements).allMatch(Double::isFinite)) {
            throw new BoneException("a matrix with elements that are not finite has no singular values");
        }
        for (int j = 0; j < n; j++) {
            right[j][j] = 1;
            for (int i = 0; i < m; i++) {
                columns[j][i] = elements[i * n + j];
            }
        }
        orthogonalize(columns, right);

        double[] norms = IntStream.range(0, n)
                .mapToDouble(j -> Math.sqrt(dot(columns[j], columns[j])))
                .toArray();
        List<Integer> order = IntStream.range(0, n)
                .boxed()
                .sorted(Comparator.comparingDouble(j -> -norms[j]))
                .toList();
        double[] s = order.stream().mapToDouble(j -> norms[j]).toArray();
        int rank = (int)
                Arrays.stream(s).filter(value -> value > rounding(m) * s[0]).count();
        double[] u = new double[m * n];
        double[] vt = new double[n * n];
        for (int j = 0; j < n; j++) {
            int from = order.get(j);
            System.arraycopy(right[from], 0, vt, j * n, n);
            for (int i = 0; i < m && j < rank; i++) {
                u[i * n + j] = columns[from][i] / s[j];
            }
        }
        if (rank < n) {
            // Any unit vectors orthogonal to the others will do: those that complete a basis.
            double[] basis = Householder.qr(DoubleTensor.of(Shape.of(m, n), u.clone()))
                    .q()
                    .toArray();
            for (int i = 0; i < u.length; i++) {
                u[i] = i % n < rank ? u[i] : basis[i];
            }
        }
        return new Svd<>(
                DoubleTensor.of(Shape.of(m, n), u),
                DoubleTensor.of(Shape.of(n), s),
                DoubleTensor.of(Shape.of(n, n), vt));
    }

    private static void orthogonalize(double[][] columns, double[][] right) {
        for (int sweep = 0; sweep < MAX_SWEEPS; sweep++) {
            boolean rotated = false;
            for (int p = 0; p < columns.length; p++) {
                for (int q = p + 1; q < columns.length; q++) {
                    rotated |= rotate(columns, right, p, q);
                }
            }
            if (!rotated) {
                return;
            }
        }
        throw new BoneException("no singular value decomposition found in " + MAX_SWEEPS + " sweeps");
    }

    private static boolean rotate(double[][] columns, double[][] right, int p, int q) {
        double alpha = dot(columns[p], columns[p]);
        double beta = dot(columns[q], columns[q]);
        double gamma = dot(columns[p], columns[q]);
        if (Math.abs(gamma) <= rounding(columns[p].length) * Math.sqrt(alpha * beta)) {
            return false;
        }
        double zeta = (beta - alpha) / (2 * gamma);
        double t = Math.copySign(1, zeta) / (Math.abs(zeta) + Math.hypot(1, zeta));
        double cosine = 1 / Math.hypot(1, t);
        turn(columns[p], columns[q], cosine, cosine * t);
        turn(right[p], right[q], cosine, cosine * t);
        return true;
    }

    private static void turn(double[] a, double[] b, double cosine, double sine) {
        for (int i = 0; i < a.length; i++) {
            double value = a[i];
            a[i] = cosine * value - sine * b[i];
            b[i] = sine * value + cosine * b[i];
        }
    }

    /** The relative error of a sum of m products. */
    private static double rounding(int m) {
        return m * Math.ulp(1.0);
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
