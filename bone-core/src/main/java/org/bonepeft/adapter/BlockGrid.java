package org.bonepeft.adapter;

import org.bonepeft.graph.Tensor;

/**
 * A weight [out, in] cut into b x b blocks W_ij, of which some share a parameter block B_k. What this class returns is
 * a view wherever the grouping allows one.
 *
 * @param rows I = out / b, the number of blocks above each other
 * @param columns J = in / b, the number of blocks beside each other
 * @param size b
 * @param grouping which blocks share
 */
record BlockGrid(long rows, long columns, long size, Grouping grouping) {
    static BlockGrid of(LayerSpec layer, long size, Grouping grouping) {
        return new BlockGrid(layer.out() / size, layer.in() / size, size, grouping);
    }

    long out() {
        return rows * size;
    }

    long in() {
        return columns * size;
    }

    /** The number of parameter blocks: one for each row, one for each column, or one for each block of the weight. */
    long blocks() {
        return switch (grouping) {
            case COL -> rows;
            case ROW -> columns;
            case GROUP -> rows * columns;
        };
    }

    /**
     * Cuts a weight into a batch of {@link #blocks} matrices [.., b] such that the k-th one, times B_k, is all W_ij B_k.
     * Only COL is a view: W's memory already is [I, b J, b].
     */
    Tensor split(Tensor weight) {
        return switch (grouping) {
            case COL -> weight.reshape(rows, size * columns, size);
            case ROW -> weight.reshape(out(), columns, size).permute(1, 0, 2);
            case GROUP ->
                weight.reshape(rows, size, columns, size).permute(0, 2, 1, 3).reshape(blocks(), size, size);
        };
    }

    /** Undoes {@link #split}. */
    Tensor join(Tensor parts) {
        Tensor weight =
                switch (grouping) {
                    case COL -> parts;
                    case ROW -> parts.permute(1, 0, 2);
                    case GROUP -> parts.reshape(rows, columns, size, size).permute(0, 2, 1, 3);
                };
        return weight.reshape(out(), in());
    }

    /** Puts B_k, from B [blocks, b, b], at the place of every W_ij that shares it: [out, in]. */
    Tensor spread(Tensor blocks) {
        return switch (grouping) {
            case COL -> stacked(blocks).tile(1, columns);
            case ROW -> sideBySide(blocks).tile(0, rows);
            case GROUP -> join(blocks);
        };
    }

    /** B_1 over B_2 over ...: [blocks b, b], a view. */
    Tensor stacked(Tensor blocks) {
        return blocks.reshape(blocks.shape().dim(0) * size, size);
    }

    /** B_1 beside B_2 beside ...: [b, blocks b], a small copy. */
    Tensor sideBySide(Tensor blocks) {
        return blocks.permute(1, 0, 2).reshape(size, blocks.shape().dim(0) * size);
    }
}
