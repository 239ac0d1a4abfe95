package org.bonepeft.reference;

import java.util.Arrays;
import org.bonepeft.tensor.Shape;

/**
 * A strided array of doubles: element (i, j, ...) lies at {@code data[offset + i strides[0] + j strides[1] + ...]}.
 * Views share their data. The shape is closed (no token count left open).
 */
public final class DoubleTensor {
    private final double[] data;
    private final int offset;
    private final Shape shape;
    private final int[] strides;

    DoubleTensor(double[] data, int offset, Shape shape, int[] strides) {
        this.data = data;
        this.offset = offset;
        this.shape = shape;
        this.strides = strides;
    }

    /**
     * Returns a tensor over {@code data}, row-major, without copying it.
     *
     * @throws IllegalArgumentException if the length is not the shape's size
     */
    public static DoubleTensor of(Shape shape, double... data) {
        if (data.length != shape.size()) {
            throw new IllegalArgumentException(data.length + " elements for shape " + shape);
        }
        return new DoubleTensor(data, 0, shape, rowMajor(shape));
    }

    /** Returns a tensor of zeros. */
    public static DoubleTensor zeros(Shape shape) {
        return of(shape, new double[Math.toIntExact(shape.size())]);
    }

    /** Returns the shape. */
    public Shape shape() {
        return shape;
    }

    /** Returns the elements in row-major order: the backing array itself if it is laid out so, else a copy. */
    public double[] toArray() {
        if (isContiguous() && offset == 0 && data.length == shape.size()) {
            return data;
        }
        double[] copy = new double[Math.toIntExact(shape.size())];
        Cursor cursor = new Cursor(shape, this);
        for (int i = 0; i < copy.length; i++) {
            copy[i] = data[cursor.position(0)];
            cursor.next();
        }
        return copy;
    }

    double[] data() {
        return data;
    }

    int offset() {
        return offset;
    }

    int stride(int axis) {
        return strides[axis];
    }

    int[] strides() {
        return strides.clone();
    }

    boolean isContiguous() {
        return Arrays.equals(strides, rowMajor(shape));
    }

    /** Returns a view with dimensions of 1 in front and strides of 0 where it is broadcast. */
    DoubleTensor broadcastTo(Shape to) {
        int[] stretched = new int[to.rank()];
        int extra = to.rank() - shape.rank();
        for (int i = 0; i < shape.rank(); i++) {
            stretched[i + extra] = shape.dim(i) == 1 && to.dim(i + extra) != 1 ? 0 : strides[i];
        }
        return new DoubleTensor(data, offset, to, stretched);
    }

    static int[] rowMajor(Shape shape) {
        int[] strides = new int[shape.rank()];
        long stride = 1;
        for (int i = strides.length - 1; i >= 0; i--) {
            strides[i] = Math.toIntExact(stride);
            stride *= Math.max(1, shape.dim(i));
        }
        return strides;
    }

    @Override
    public String toString() {
        return shape + " " + Arrays.toString(Arrays.copyOf(toArray(), (int) Math.min(8, shape.size())));
    }

    /** Walks over a shape in row-major order and keeps the position in each of several tensors broadcast to it. */
    static final class Cursor {
        private final Shape shape;
        private final DoubleTensor[] tensors;
        private final long[] index;
        private final int[] positions;

        Cursor(Shape shape, DoubleTensor... tensors) {
            this.shape = shape;
            this.tensors = tensors;
            this.index = new long[shape.rank()];
            this.positions = Arrays.stream(tensors).mapToInt(t -> t.offset).toArray();
        }

        int position(int tensor) {
            return positions[tensor];
        }

        void next() {
            for (int axis = index.length - 1; axis >= 0; axis--) {
                index[axis]++;
                boolean inside = index[axis] < shape.dim(axis);
                for (int t = 0; t < tensors.length; t++) {
                    positions[t] +=
                            inside ? tensors[t].strides[axis] : -tensors[t].strides[axis] * (int) (shape.dim(axis) - 1);
                }
                if (inside) {
                    return;
                }
                index[axis] = 0;
            }
        }
    }
}
