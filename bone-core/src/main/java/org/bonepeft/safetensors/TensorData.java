package org.bonepeft.safetensors;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;

/**
 * A tensor to be written. Its content is asked for once, when its turn comes, so a file may be larger than memory: the
 * arrays given here are converted chunk by chunk, and {@link #TensorData a content of your own} can compute a tensor
 * just before it is written.
 */
public record TensorData(String name, DType dtype, Shape shape, Content content) {
    private static final int CHUNK_ELEMENTS = 1 << 17;

    /** The elements of a tensor, little-endian, row by row. */
    @FunctionalInterface
    public interface Content {
        /** Writes exactly the bytes of the tensor, in as many calls as it likes. */
        void writeTo(WritableByteChannel out) throws IOException;
    }

    /** Checks that the shape is closed and small enough to count its bytes. */
    public TensorData {
        if (name.equals(Header.METADATA)) {
            throw new SafetensorsException("a tensor cannot be named '" + name + "'; the format keeps that key");
        }
        if (shape.isOpen()) {
            throw new SafetensorsException("tensor '" + name + "' has the open shape " + shape);
        }
        try {
            Math.multiplyExact(shape.size(), dtype.bytes());
        } catch (ArithmeticException e) {
            throw new SafetensorsException("tensor '" + name + "' is too large: " + dtype + " " + shape, e);
        }
    }

    /** Returns the number of bytes. */
    public long byteSize() {
        return shape.size() * dtype.bytes();
    }

    /** Returns a tensor of the remaining bytes of a buffer, which are little-endian whatever the buffer's order. */
    public static TensorData of(String name, DType dtype, Shape shape, ByteBuffer bytes) {
        ByteBuffer view = bytes.slice();
        return new TensorData(name, dtype, shape, out -> out.write(view.duplicate()));
    }

    /** Returns a tensor like one that was read, copied from mapping to file without a detour. */
    public static TensorData copy(TensorSource source, String name) {
        TensorInfo info = source.tensor(name);
        return new TensorData(
                name,
                info.dtype(),
                info.shape(),
                out -> Elements.chunks(source, info, (chunk, from, count) -> out.write(chunk)));
    }

    /** Returns a tensor of float values: F32, or rounded to F16 or BF16 (nearest, ties to even). */
    public static TensorData floats(String name, DType dtype, Shape shape, float[] values) {
        return array(name, dtype, shape, values.length, (chunk, at) -> Elements.write(name, dtype, values[at], chunk));
    }

    /** Returns a tensor of F64 values. */
    public static TensorData doubles(String name, Shape shape, double[] values) {
        return array(name, DType.F64, shape, values.length, (chunk, at) -> chunk.putDouble(values[at]));
    }

    /** Returns a tensor of integers, or of truth values 0 and 1; a value that the type cannot hold is refused. */
    public static TensorData longs(String name, DType dtype, Shape shape, long[] values) {
        return array(name, dtype, shape, values.length, (chunk, at) -> Elements.write(name, dtype, values[at], chunk));
    }

    private interface ElementWriter {
        void put(ByteBuffer chunk, int at);
    }

    private static TensorData array(String name, DType dtype, Shape shape, int length, ElementWriter writer) {
        TensorData tensor = new TensorData(name, dtype, shape, out -> {
            ByteBuffer chunk = ByteBuffer.allocateDirect(Math.min(length, CHUNK_ELEMENTS) * dtype.bytes())
                    .order(ByteOrder.LITTLE_ENDIAN);
            for (int at = 0; at < length; ) {
                for (chunk.clear(); at < length && chunk.hasRemaining(); at++) {
                    writer.put(chunk, at);
                }
                out.write(chunk.flip());
            }
        });
        if (shape.size() != length) {
            throw new SafetensorsException(
                    "tensor '" + name + "' of shape " + shape + " needs " + shape.size() + " values, given " + length);
        }
        return tensor;
    }
}
