package org.bonepeft.safetensors;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.util.Collection;
import java.util.Map.Entry;
import java.util.TreeMap;

/**
 * The data section of a file as mappings, read-only or copied where they are written, each smaller than 2 GiB. Neighbouring tensors share a mapping, and
 * none is cut: only a tensor that alone exceeds the limit gets several mappings, which overlap by half, so that any
 * range of half the limit lies within one of them.
 */
final class Mappings {
    private final TreeMap<Long, ByteBuffer> byBegin = new TreeMap<>();
    private final MapMode mode;
    private final long limit;

    /**
     * Maps the tensors, which must be in the order of their bytes and without holes.
     *
     * @param dataBegin the position in the file that their offsets count from
     * @param mode READ_ONLY or PRIVATE
     * @param limit the size of the largest mapping; less than {@link Integer#MAX_VALUE} in tests only
     */
    Mappings(FileChannel channel, long dataBegin, Collection<TensorInfo> tensors, MapMode mode, int limit)
            throws IOException {
        this.mode = mode;
        this.limit = limit;
        long begin = 0;
        long end = 0;
        for (TensorInfo tensor : tensors) {
            if (tensor.end() - begin > limit) {
                map(channel, dataBegin, begin, end);
                begin = tensor.begin();
                for (; tensor.end() - begin > limit; begin += limit / 2) {
                    map(channel, dataBegin, begin, begin + limit);
                }
            }
            end = tensor.end();
        }
        map(channel, dataBegin, begin, end);
    }

    private void map(FileChannel channel, long dataBegin, long begin, long end) throws IOException {
        if (end > begin) {
            byBegin.put(begin, channel.map(mode, dataBegin + begin, end - begin));
        }
    }

    ByteBuffer bytes(TensorInfo tensor, long offset, int length) {
        if (offset < 0 || length < 0 || offset > tensor.byteSize() - length) {
            throw new IndexOutOfBoundsException(length + " bytes from " + offset + " on of tensor "
                    + Names.quoted(tensor.name()) + ", which has " + tensor.byteSize());
        }
        if (length == 0) {
            return ByteBuffer.allocate(0).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
        }
        long begin = tensor.begin() + offset;
        Entry<Long, ByteBuffer> mapping = byBegin.floorEntry(begin);
        if (mapping == null
                || begin - mapping.getKey() + length > mapping.getValue().capacity()) {
            throw new SafetensorsException("tensor " + Names.quoted(tensor.name()) + " has " + tensor.byteSize()
                    + " bytes; at most " + limit / 2 + " of them can be had at a time, not " + length);
        }
        int from = (int) (begin - mapping.getKey());
        return mapping.getValue().slice(from, length).order(ByteOrder.LITTLE_ENDIAN);
    }
}
