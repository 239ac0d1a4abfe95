package org.bonepeft.djl.torch;

import java.util.Comparator;
import java.util.stream.IntStream;

/** Decompositions of small dense matrices in plain Java, for engines that have none. */
final class Matrices {
    private static final int MAX_SWEEPS = 60;

    private Matrices() {}

    /** A = U diag(s) V^T. */
    @SuppressWarnings("ArrayRecordComponent")
    record Svd(double[][] u, double[] s, double[][] vt) {}

    /** A = Q R. */
    @SuppressWarnings("ArrayRecordComponent")
    record Qr(double[][] q, double[][] r) {}

    /**
     * One-sided Jacobi: rotations make the columns of A V orthogonal; their lengths are the singular values (Golub and Van
     * Loan, section 8.6.3).
     */
    static Svd svd(double[][] a) {
        if (a.length < a[0].length) {
            Svd turned = svd(transpose(a));
            return new Svd(transpose(turned.vt), turned.s, transpose(turned.u));
        }
        double[][] columns = transpose(a);
        int n = columns.length;
        double[][] v = new double[n][n];
        for (int i = 0; i < n; i++) {
            v[i][i] = 1;
        }
        boolean rotated = true;
        for (int sweep = 0; rotated && sweep < MAX_SWEEPS; sweep++) {
            rotated = false;
            for (int i = 0; i < n; i++) {
                for (int j = i + 1; j < n; j++) {
                    rotated |= orthogonalize(columns, v, i, j);
                }
            }
        }
        double[] lengths = IntStream.range(0, n)
                .mapToDouble(i -> Math.sqrt(dot(columns[i], columns[i])))
                .toArray();
        int[] order = IntStream.range(0, n)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -lengths[i]))
                .mapToInt(Integer::intValue)
                .toArray();
        double[][] u = new double[n][];
        double[] s = new double[n];
        double[][] vt = new double[n][];
        for (int k = 0; k < n; k++) {
            int from = order[k];
            s[k] = lengths[from];
            u[k] = scale(columns[from], s[k] == 0 ? 0 : 1 / s[k]);
            vt[k] = v[from];
        }
        return new Svd(transpose(u), s, vt);
    }

    private static boolean orthogonalize(double[][] columns, double[][] v, int i, int j) {
        double alpha = dot(columns[i], columns[i]);
        double beta = dot(columns[j], columns[j]);
        double gamma = dot(columns[i], columns[j]);
        if (Math.abs(gamma) <= 1e-15 * Math.sqrt(alpha * beta)) {
            return false;
        }
        double zeta = (beta - alpha) / (2 * gamma);
        double tan = Math.copySign(1, zeta) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        double cos = 1 / Math.sqrt(1 + tan * tan);
        rotate(columns[i], columns[j], cos, cos * tan);
        rotate(v[i], v[j], cos, cos * tan);
        return true;
    }

    private static void rotate(double[] x, double[] y, double cos, double sin) {
        for (int k = 0; k < x.length; k++) {
            double old = x[k];
            x[k] = cos * old - sin * y[k];
            y[k] = sin * old + cos * y[k];
        }
    }

    /** Gram-Schmidt, each column orthogonalized twice, which is enough (Parlett, section 6-9). */
    static Qr qr(double[][] a) {
        double[][] columns = transpose(a);
        int k = Math.min(a.length, columns.length);
        double[][] q = new double[k][];
        double[][] r = new double[k][columns.length];
        for (int j = 0; j < columns.length; j++) {
            double[] rest = columns[j];
            for (int pass = 0; pass < 2; pass++) {
                for (int i = 0; i < Math.min(j, k); i++) {
                    double part = dot(q[i], rest);
                    r[i][j] += part;
                    for (int m = 0; m < rest.length; m++) {
                        rest[m] -= part * q[i][m];
                    }
                }
            }
            if (j < k) {
                r[j][j] = Math.sqrt(dot(rest, rest));
                q[j] = scale(rest, r[j][j] == 0 ? 0 : 1 / r[j][j]);
            }
        }
        return new Qr(transpose(q), r);
    }

    private static double[][] transpose(double[][] a) {
        double[][] turned = new double[a[0].length][a.length];
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < a[0].length; j++) {
                turned[j][i] = a[i][j];
            }
        }
        return turned;
    }

    private static double dot(double[] x, double[] y) {
        double sum = 0;
        for (int k = 0; k < x.length; k++) {
            sum += x[k] * y[k];
        }
        return sum;
    }

    private static double[] scale(double[] x, double factor) {
        double[] scaled = new double[x.length];
        for (int k = 0; k < x.length; k++) {
            scaled[k] = factor * x[k];
        }
        return scaled;
    }
}
