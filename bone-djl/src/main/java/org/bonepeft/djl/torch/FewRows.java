package org.bonepeft.djl.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/**
 * The product of a few rows with a matrix, {@code x w} for x [rows, in] and w [in, out]. What it costs is reading w, and a
 * BLAS reads it fastest in a batch of products: each of a part of the columns, as {@code (w^T x^T)^T}. On a processor
 * where one product of one row reads 8 to 16 GB/s this way reads 18 to 34.
 */
final class FewRows {
    /** For more rows the plain product is at least as fast. */
    static final int MOST = 4;

    /** Smaller matrices are at hand in a cache, where the plain product is faster. */
    static final long LEAST_ELEMENTS = 1 << 16;

    /** In how many parts the columns are multiplied, where they can be divided so. */
    private static final int PARTS = 16;

    private FewRows() {}

    /** Returns in how many parts so many columns are multiplied. */
    static int parts(long columns) {
        return columns % PARTS == 0 ? PARTS : 1;
    }

    /** Returns whether x has few rows, and a type and a device for which this is the faster way. */
    static boolean pay(NDArray x) {
        Shape shape = x.getShape();
        int last = shape.dimension() - 1;
        return last >= 0
                && shape.size() > 0
                && shape.size() <= MOST * shape.get(last)
                && x.getDataType() == DataType.FLOAT32
                && !x.getDevice().isGpu();
    }
}
