package org.bonepeft.safetensors;

import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;

/**
 * One tensor of a file: elements {@code dtype}, dimensions {@code shape}, in the bytes {@code [begin, end)}, which
 * count from the end of the header as in the file's own {@code data_offsets}.
 */
public record TensorInfo(String name, DType dtype, Shape shape, long begin, long end) {
    /** Checks that the bytes are as many as element type and shape say. */
    public TensorInfo {
        long bytes = byteSize(name, dtype, shape);
        if (begin < 0 || end < begin || end - begin != bytes) {
            throw new SafetensorsException("tensor " + Names.quoted(name) + " has the data_offsets [" + begin + ", "
                    + end + "], but " + dtype + " " + shape + " takes " + bytes + " bytes");
        }
    }

    /** Returns {@code end - begin}, the number of bytes. */
    public long byteSize() {
        return end - begin;
    }

    static long byteSize(String name, DType dtype, Shape shape) {
        if (shape.isOpen()) {
            throw new SafetensorsException("tensor " + Names.quoted(name) + " has the open shape " + shape);
        }
        try {
            return Math.multiplyExact(shape.size(), (long) dtype.bytes());
        } catch (ArithmeticException e) {
            throw new SafetensorsException(
                    "tensor " + Names.quoted(name) + ", " + dtype + " " + shape + ", has more bytes than a file can",
                    e);
        }
    }
}
