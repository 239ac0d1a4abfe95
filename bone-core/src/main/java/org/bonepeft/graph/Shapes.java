package org.bonepeft.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;

/** The rules of shape inference, and the errors of operands that break them. */
final class Shapes {
    private Shapes() {}

    static GraphException mismatch(String op, String why, Tensor... operands) {
        return new GraphException(op + " of "
                + String.join(
                        " and ",
                        List.of(operands).stream()
                                .map(t -> t.shape().toString())
                                .toList()) + ": " + why);
    }

    static DType sameType(String op, Tensor first, Tensor... others) {
        for (Tensor other : others) {
            if (other.type() != first.type()) {
                throw new GraphException(op + " of " + first.type() + " and " + other.type() + ": cast one of them");
            }
        }
        return first.type();
    }

    /** NumPy broadcasting; {@code upTo} leading-aligned dimensions from the right are left out (2 for matrices). */
    static Shape broadcast(String op, Tensor a, Tensor b) {
        return Shape.of(broadcast(op, a, b, a.shape().toArray(), b.shape().toArray()));
    }

    static long[] broadcast(String op, Tensor a, Tensor b, long[] x, long[] y) {
        long[] result = new long[Math.max(x.length, y.length)];
        for (int i = 1; i <= result.length; i++) {
            long left = i <= x.length ? x[x.length - i] : 1;
            long right = i <= y.length ? y[y.length - i] : 1;
            if (left != right && left != 1 && right != 1) {
                throw mismatch(op, left + " and " + right + " do not broadcast", a, b);
            }
            result[result.length - i] = left == 1 ? right : left;
        }
        return result;
    }

    static Shape matMul(String op, Tensor a, Tensor b) {
        Shape left = a.shape();
        Shape right = b.shape();
        if (left.rank() < 2 || right.rank() < 2) {
            throw mismatch(op, "both need two dimensions or more", a, b);
        }
        if (left.dim(-1) != right.dim(-2)) {
            throw mismatch(op, "inner dimensions " + left.dim(-1) + " and " + right.dim(-2) + " differ", a, b);
        }
        long[] batch = broadcast(op, a, b, head(left), head(right));
        long[] result = Arrays.copyOf(batch, batch.length + 2);
        result[batch.length] = left.dim(-2);
        result[batch.length + 1] = right.dim(-1);
        return Shape.of(result);
    }

    private static long[] head(Shape shape) {
        return Arrays.copyOf(shape.toArray(), shape.rank() - 2);
    }

    static int axis(String op, Tensor a, int axis) {
        if (axis < 0 || axis >= a.shape().rank()) {
            throw mismatch(op, "no dimension " + axis, a);
        }
        return axis;
    }

    static Shape withDim(Shape shape, int axis, long size) {
        long[] dims = shape.toArray();
        dims[axis] = size;
        return Shape.of(dims);
    }

    /** Sums a cotangent over the dimensions in which an operand was broadcast. */
    static Tensor sumTo(Tensor cotangent, Shape operand) {
        Shape from = cotangent.shape();
        if (from.equals(operand)) {
            return cotangent;
        }
        int extra = from.rank() - operand.rank();
        List<Integer> axes = new ArrayList<>(IntStream.range(0, extra).boxed().toList());
        for (int i = 0; i < operand.rank(); i++) {
            if (operand.dim(i) == 1 && from.dim(i + extra) != 1) {
                axes.add(i + extra);
            }
        }
        Tensor sum = Tensor.of(new Op.Sum(cotangent, List.copyOf(axes), false));
        return sum.reshape(operand.toArray());
    }
}
