package org.bonepeft.safetensors;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;

/**
 * A tensor to be written. Its content is asked for when its turn comes, so a file may be larger than memory: arrays are
 * converted chunk by chunk, and a content of your own can compute the tensor just before it is written.
 */
public record TensorData(String name, DType dtype, Shape shape, Content content) {
    private static final int CHUNK_BYTES = 1 << 20;

    /** The elements of a tensor, little-endian, row by row. */
    @FunctionalInterface
    public interface Content {
        /** Writes exactly the bytes of the tensor, in as many parts as it likes. */
        void writeTo(WritableByteChannel out) throws IOException;
    }

    /** Checks that the name is free to use and the shape closed. */
    public TensorData {
        if (name.equals(Header.METADATA) || !Names.isWellFormed(name)) {
            throw new SafetensorsException("no tensor can be named " + Names.quoted(name)
                    + ": the format keeps __metadata__, and UTF-8 cannot hold half a surrogate pair");
        }
        TensorInfo.byteSize(name, dtype, shape);
    }

    /** Returns the number of bytes. */
    public long byteSize() {
        return TensorInfo.byteSize(name, dtype, shape);
    }

    /** Returns a tensor of the remaining bytes of a buffer, which are little-endian whatever its order. */
    public static TensorData bytes(String name, DType dtype, Shape shape, ByteBuffer bytes) {
        ByteBuffer view = bytes.slice();
        return new TensorData(name, dtype, shape, out -> out.write(view.duplicate()));
    }

    /** Returns the tensor of this name in a source, which must stay open until it is written. */
    public static TensorData copy(TensorSource source, String name) {
        TensorInfo info = source.tensor(name);
        return new TensorData(
                name,
                info.dtype(),
                info.shape(),
                out -> Elements.chunks(source, info, (chunk, from, count) -> out.write(chunk)));
    }

    /** Returns a tensor of float32 values: F32, or F16 or BF16, rounded to the nearest (ties to even). */
    public static TensorData floats(String name, DType dtype, Shape shape, float[] values) {
        return array(
                name,
                dtype,
                shape,
                values.length,
                (from, count, out) -> Elements.write(name, dtype, values, from, count, out));
    }

    /** Returns a tensor of F64 values. */
    public static TensorData doubles(String name, Shape shape, double[] values) {
        return array(name, DType.F64, shape, values.length, (from, count, out) -> out.asDoubleBuffer()
                .put(values, from, count));
    }

    /** Returns a tensor of integers, or BOOL; writing a value that the type cannot hold is refused. */
    public static TensorData longs(String name, DType dtype, Shape shape, long[] values) {
        return array(
                name,
                dtype,
                shape,
                values.length,
                (from, count, out) -> Elements.write(name, dtype, values, from, count, out));
    }

    private interface ChunkWriter {
        void write(int from, int count, ByteBuffer out);
    }

    private static TensorData array(String name, DType dtype, Shape shape, int length, ChunkWriter writer) {
        if (shape.knownSize() != length) {
            throw new SafetensorsException("tensor " + Names.quoted(name) + " " + shape + " takes " + shape.knownSize()
                    + " values; given " + length);
        }
        return new TensorData(name, dtype, shape, out -> {
            int most = Math.min(length, CHUNK_BYTES / dtype.bytes());
            ByteBuffer chunk = ByteBuffer.allocateDirect(most * dtype.bytes()).order(ByteOrder.LITTLE_ENDIAN);
            for (int from = 0; from < length; from += most) {
                int count = Math.min(most, length - from);
                chunk.clear().limit(count * dtype.bytes());
                writer.write(from, count, chunk);
                out.write(chunk);
            }
        });
    }
}
