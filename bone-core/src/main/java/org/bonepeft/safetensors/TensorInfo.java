package org.bonepeft.safetensors;

import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;

/**
 * One tensor of a file: elements {@code dtype}, dimensions {@code shape}, in the bytes {@code [begin, end)}, which
 * count from the end of the header as in the file's own {@code data_offsets}.
 */
public record TensorInfo(String name, DType dtype, Shape shape, long begin, long end) {
    /** Returns {@code end - begin}, the number of bytes. */
    public long byteSize() {
        return end - begin;
    }
}
