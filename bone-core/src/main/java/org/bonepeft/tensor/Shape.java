package org.bonepeft.tensor;

import java.util.Arrays;

/**
 * The dimensions of a tensor, outermost first. At most one of them may be open: a multiple of the number of tokens T in
 * a batch, known only when a graph runs. It is written as a negative number: {@link #TOKENS} is T, -4 is 4 T.
 */
public final class Shape {
    /** The open dimension: how many tokens (rows of {@code x}) a call brings. */
    public static final long TOKENS = -1;

    private final long[] dims;

    private Shape(long[] dims) {
        this.dims = dims;
    }

    /**
     * Returns the shape with these dimensions.
     *
     * @throws IllegalArgumentException if two dimensions are open
     */
    public static Shape of(long... dims) {
        int open = 0;
        for (long dim : dims) {
            if (dim < 0) {
                open++;
            }
        }
        if (open > 1) {
            throw new IllegalArgumentException(
                    "at most one dimension may be open (negative, a multiple of the token count): "
                            + Arrays.toString(dims));
        }
        return new Shape(dims.clone());
    }

    /** Returns the number of dimensions. */
    public int rank() {
        return dims.length;
    }

    /** Returns one dimension; negative indices count from the last. */
    public long dim(int index) {
        return dims[index < 0 ? dims.length + index : index];
    }

    /** Returns whether a dimension depends on the token count. */
    public boolean isOpen() {
        for (long dim : dims) {
            if (dim < 0) {
                return true;
            }
        }
        return false;
    }

    /** Returns the number of elements, or of elements per token if {@link #isOpen open}. */
    public long knownSize() {
        long size = 1;
        for (long dim : dims) {
            size = Math.multiplyExact(size, Math.abs(dim));
        }
        return size;
    }

    /**
     * Returns the number of elements.
     *
     * @throws IllegalStateException if the token count is open
     */
    public long size() {
        if (isOpen()) {
            throw new IllegalStateException("the token count of " + this + " is not known");
        }
        return knownSize();
    }

    /** Returns this shape with the token count, if open, replaced by {@code tokens}. */
    public Shape withTokens(long tokens) {
        long[] closed = dims.clone();
        for (int i = 0; i < closed.length; i++) {
            if (closed[i] < 0) {
                closed[i] = Math.multiplyExact(-closed[i], tokens);
            }
        }
        return new Shape(closed);
    }

    /** Returns a copy of the dimensions. */
    public long[] toArray() {
        return dims.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    /** Returns for example {@code [T, 768]} or {@code [4T, 192]}. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("[");
        for (int i = 0; i < dims.length; i++) {
            text.append(i == 0 ? "" : ", ").append(dims[i] == TOKENS ? "T" : dims[i] < 0 ? -dims[i] + "T" : dims[i]);
        }
        return text.append(']').toString();
    }
}
