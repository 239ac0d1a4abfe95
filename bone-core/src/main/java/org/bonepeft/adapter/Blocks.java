package org.bonepeft.adapter;

import org.bonepeft.graph.Op;
import org.bonepeft.graph.Tensor;
import org.bonepeft.tensor.Shape;

/** Matrices seen as rows or columns of blocks. */
final class Blocks {
    private Blocks() {}

    /**
     * Cuts x [tokens, in], padded with zeros to a multiple of {@code size}, into blocks of {@code size} features and
     * returns their sum, [tokens, size].
     */
    static Tensor sum(Tensor x, int size) {
        long in = x.shape().dim(1);
        long blocks = (in + size - 1) / size;
        Tensor padded = x.pad(1, 0, blocks * size - in);
        return blocks == 1 ? padded : sumOfWhole(padded, blocks, size);
    }

    /**
     * Returns x by way of its blocks, where it consists of several whole ones. If both {@link #sum} and a product read
     * what this returns, the gradient of the sum is added to that of the product as it is, without being repeated for
     * each block first.
     */
    static Tensor byBlocks(Tensor x, int size) {
        long in = x.shape().dim(1);
        return in % size == 0 && in > size
                ? x.reshape(x.shape().dim(0), in / size, size).reshape(x.shape().toArray())
                : x;
    }

    private static Tensor sumOfWhole(Tensor x, long blocks, int size) {
        Shape parts = Shape.of(x.shape().dim(0), blocks, size);
        boolean isCut = x.op() instanceof Op.Reshape back && back.a().shape().equals(parts);
        return (isCut ? x.op().operands().get(0) : x.reshape(parts.toArray())).sum(1);
    }

    /** Repeats a tensor along one dimension up to {@code length}, cutting the last repetition. */
    static Tensor repeat(Tensor tensor, int axis, long length) {
        long size = tensor.shape().dim(axis);
        return tensor.tile(axis, (length + size - 1) / size).slice(axis, 0, length);
    }
}
