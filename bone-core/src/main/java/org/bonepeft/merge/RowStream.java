package org.bonepeft.merge;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import org.bonepeft.peft.PeftException;
import org.bonepeft.safetensors.TensorInfo;
import org.bonepeft.safetensors.TensorSource;
import org.bonepeft.tensor.DType;

/**
 * A tensor of a file as rows of {@code length} elements, which are mapped on their way into another file.
 *
 * @param type of the elements there
 * @param path what errors name
 */
record RowStream(TensorSource source, TensorInfo info, int length, DType type, String path) {
    /** Returns the elements of a tensor, whatever its shape. */
    static RowStream elements(TensorSource source, TensorInfo info) {
        return new RowStream(source, info, 1, info.dtype(), info.name());
    }

    /** Writes each row mapped. */
    void write(RowMap map, Workers workers, WritableByteChannel out) throws IOException {
        int rows = Math.toIntExact(info.shape().size() / length);
        workers.write(rows, length, (from, to, memory) -> part(map, from, to, memory), out);
    }

    private ByteBuffer part(RowMap map, int from, int to, Workers.Part memory) {
        int count = (to - from) * length;
        double[] values = memory.values(count);
        read(from, to, values);
        for (int row = from; row < to; row++) {
            map.apply(row, values, (row - from) * length);
        }
        checkFinite(values, count, from);
        ByteBuffer bytes = memory.bytes(count * type.bytes());
        Codec.encode(type, values, bytes, count);
        return bytes;
    }

    /** Reads rows from {@code from} (inclusive) to {@code to} (exclusive). */
    void read(long from, long to, double[] values) {
        long width = (long) length * info.dtype().bytes();
        ByteBuffer bytes = source.bytes(info.name(), from * width, Math.toIntExact((to - from) * width));
        Codec.decode(info.dtype(), bytes, values, Math.toIntExact((to - from) * length));
    }

    /**
     * Checks that no element becomes infinite or is NaN.
     *
     * @throws PeftException if one does; it names the first
     */
    void checkFinite(double[] values, int count, int firstRow) {
        double overflow = Codec.overflow(type);
        for (int i = 0; i < count; i++) {
            if (!(Math.abs(values[i]) < overflow)) {
                throw new PeftException(
                        path + ": the result at [" + (firstRow + i / length) + ", " + i % length + "] is " + values[i]
                                + ", which " + type + " cannot hold; the weight or the adapter is not sound");
            }
        }
    }
}
