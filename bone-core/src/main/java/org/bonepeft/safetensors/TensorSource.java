package org.bonepeft.safetensors;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import org.bonepeft.tensor.DType;

/**
 * Named tensors that lie in one or several safetensors files.
 *
 * <p>The buffers are read-only, little-endian views of the mapped file: nothing is copied. A buffer keeps its mapping
 * alive by itself, so it stays valid after {@link #close()}; the mapping goes when the garbage collector finds the last
 * buffer gone. The arrays are copies. A source may be used by several threads. A mapped file must not be shortened or
 * rewritten in place by another program; {@link SafetensorsWriter} replaces files instead (which Windows refuses while a
 * mapping lives).
 */
public interface TensorSource extends Closeable {
    /** Returns the {@code __metadata__} of the file, empty if it has none. */
    Map<String, String> metadata();

    /** Returns all tensors by name, in the order of their bytes in the file. */
    Map<String, TensorInfo> tensors();

    /**
     * Returns {@code length} bytes of a tensor from {@code offset} on. Of a tensor larger than 2 GiB less than 1 GiB
     * can be had at a time, of others any part.
     *
     * @throws SafetensorsException if there is no such tensor
     * @throws IndexOutOfBoundsException if the range is not inside the tensor
     * @throws IllegalStateException if this source is closed
     */
    ByteBuffer bytes(String name, long offset, int length);

    /**
     * Returns all bytes of a tensor.
     *
     * @throws SafetensorsException if there is no such tensor, or it has more than {@link Integer#MAX_VALUE} bytes
     * @throws IllegalStateException if this source is closed
     */
    default ByteBuffer bytes(String name) {
        TensorInfo info = tensor(name);
        if (info.byteSize() > Integer.MAX_VALUE) {
            throw new SafetensorsException("tensor " + Names.quoted(name) + " has " + info.byteSize()
                    + " bytes, more than one buffer can hold; read it in parts: bytes(name, offset, length)");
        }
        return bytes(name, 0, (int) info.byteSize());
    }

    /**
     * Returns what is known of a tensor.
     *
     * @throws SafetensorsException if there is none of this name; the message lists the most similar names
     */
    default TensorInfo tensor(String name) {
        TensorInfo info = tensors().get(name);
        if (info == null) {
            throw new SafetensorsException("no tensor " + Names.quoted(name) + "; "
                    + Names.nearMisses(name, tensors().keySet()));
        }
        return info;
    }

    /**
     * Returns the elements, row by row, as float32: F32, F16, BF16, I16, I8 and U8 exactly, F64 rounded to nearest.
     *
     * @throws SafetensorsException if there is no such tensor, the element type does not fit, a finite F64 is beyond
     *     float32, or there are more elements than an array can have
     */
    default float[] floats(String name) {
        TensorInfo info = tensor(name);
        float[] values = new float[Elements.arrayLength(info)];
        Elements.chunks(this, info, (chunk, from, count) -> Elements.read(info, chunk, values, from, count));
        return values;
    }

    /**
     * Returns {@code count} elements from {@code from} on, as {@link #floats(String)} does.
     *
     * @throws SafetensorsException if there is no such tensor, the element type does not fit, or a finite F64 is beyond
     *     float32
     * @throws IndexOutOfBoundsException if the range is not inside the tensor
     */
    default float[] floats(String name, long from, int count) {
        TensorInfo info = tensor(name);
        int width = info.dtype().bytes();
        float[] values = new float[count];
        Elements.read(info, bytes(name, from * width, Math.multiplyExact(count, width)), values, 0, count);
        return values;
    }

    /**
     * Returns the elements, row by row, as float64: every floating type and I32, I16, I8, U8, exactly.
     *
     * @throws SafetensorsException if there is no such tensor, the element type is {@link DType#I64} or
     *     {@link DType#BOOL}, or there are more elements than an array can have
     */
    default double[] doubles(String name) {
        TensorInfo info = tensor(name);
        double[] values = new double[Elements.arrayLength(info)];
        Elements.chunks(this, info, (chunk, from, count) -> Elements.read(info, chunk, values, from, count));
        return values;
    }

    /**
     * Returns the elements, row by row, as integers: every integer type, and BOOL as 0 and 1.
     *
     * @throws SafetensorsException if there is no such tensor, the element type is floating, a BOOL is neither 0 nor 1,
     *     or there are more elements than an array can have
     */
    default long[] longs(String name) {
        TensorInfo info = tensor(name);
        long[] values = new long[Elements.arrayLength(info)];
        Elements.chunks(this, info, (chunk, from, count) -> Elements.read(info, chunk, values, from, count));
        return values;
    }

    /** Lets go of the mappings. Buffers handed out before stay valid; {@code bytes} and the arrays are refused. */
    @Override
    void close() throws IOException;
}
