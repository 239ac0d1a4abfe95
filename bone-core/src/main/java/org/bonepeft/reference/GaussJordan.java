package org.bonepeft.reference;

import org.bonepeft.BoneException;

/** Matrix inversion by Gauss-Jordan elimination with partial pivoting. */
final class GaussJordan {
    /** A pivot this small beside the largest element means that no digit of the inverse would be right. */
    private static final double SINGULAR = 1e-14;

    private GaussJordan() {}

    /**
     * Inverts one n x n row-major matrix.
     *
     * @param work the matrix, at {@code offset}; overwritten
     * @param result zeros at {@code offset}; holds the inverse afterwards
     * @throws BoneException if the matrix is singular
     */
    static void invert(double[] work, double[] result, int offset, int n) {
        double largest = 0;
        for (int i = 0; i < n * n; i++) {
            largest = Math.max(largest, Math.abs(work[offset + i]));
        }
        for (int i = 0; i < n; i++) {
            result[offset + i * n + i] = 1;
        }
        for (int column = 0; column < n; column++) {
            int pivot = column;
            for (int row = column + 1; row < n; row++) {
                if (Math.abs(work[offset + row * n + column]) > Math.abs(work[offset + pivot * n + column])) {
                    pivot = row;
                }
            }
            double value = work[offset + pivot * n + column];
            if (!(Math.abs(value) > SINGULAR * largest)) {
                throw new BoneException("a " + n + " x " + n + " matrix is singular and has no inverse");
            }
            swap(work, offset + pivot * n, offset + column * n, n);
            swap(result, offset + pivot * n, offset + column * n, n);
            for (int k = 0; k < n; k++) {
                work[offset + column * n + k] /= value;
                result[offset + column * n + k] /= value;
            }
            for (int row = 0; row < n; row++) {
                double factor = work[offset + row * n + column];
                if (row == column || factor == 0) {
                    continue;
                }
                for (int k = 0; k < n; k++) {
                    work[offset + row * n + k] -= factor * work[offset + column * n + k];
                    result[offset + row * n + k] -= factor * result[offset + column * n + k];
                }
            }
        }
    }

    private static void swap(double[] array, int a, int b, int length) {
        if (a == b) {
            return;
        }
        for (int k = 0; k < length; k++) {
            double value = array[a + k];
            array[a + k] = array[b + k];
            array[b + k] = value;
        }
    }
}
