package org.bonepeft.djl.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/**
 * The product of a few rows with a matrix, {@code x w} for x [rows, in] and w [in, out], as {@code (w^T x^T)^T}. What it
 * costs is reading w, and a BLAS reads that fastest as the left factor of a product with two or more columns: a single
 * row is computed twice. On a processor where a product of one row reads 10 GB/s this way reads 25 GB/s.
 */
final class FewRows {
    /** For more rows the plain product is at least as fast. */
    static final int MOST = 4;

    /** Smaller matrices are at hand in a cache, where the plain product is faster. */
    static final long LEAST_ELEMENTS = 1 << 16;

    /** The name of the method. */
    static final String METHOD = "product_few";

    /** The method. */
    static final String TEXT = """
            def product_few(self: __torch__.M, x: Tensor, w: Tensor) -> Tensor:
              if torch.size(x, 0) == 1:
                y = torch.unsqueeze(torch.select(torch.mm(torch.t(w), torch.t(torch.cat([x, x]))), 1, 0), 0)
              else:
                y = torch.t(torch.mm(torch.t(w), torch.t(x)))
              return torch.contiguous(y)
            """;

    private FewRows() {}

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
