package org.bonepeft.graph;

import static org.bonepeft.graph.Shapes.sumTo;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;

/**
 * One operation of a graph. Each record says everything about itself: its operands, the shape that follows, how a
 * {@link Backend} computes it, and how a cotangent of its result flows back to an operand.
 */
public sealed interface Op {
    /** Returns the operands in the order in which {@link #evaluate} takes them. */
    List<Tensor> operands();

    /** Returns the shape of the result, or throws {@link GraphException} if the operands do not fit. */
    Shape inferShape();

    /** Returns the element type of the result. */
    default DType inferType() {
        return Shapes.sameType(name(), operands().get(0), operands().toArray(Tensor[]::new));
    }

    /**
     * Computes the result.
     *
     * @param reuse whether the memory of the first operand may be overwritten
     */
    <T> T evaluate(Backend<T> backend, List<T> operands, boolean reuse);

    /**
     * Returns the cotangent of one operand, given the result and its cotangent; empty if no gradient flows there. The
     * vector-Jacobian product of reverse-mode differentiation.
     */
    Optional<Tensor> pullBack(int operand, Tensor result, Tensor cotangent);

    /** Returns whether the result is a view that shares the memory of the first operand. */
    default boolean isView() {
        return false;
    }

    /** Returns the name of the {@link Backend} method. */
    default String name() {
        String simple = getClass().getSimpleName();
        return Character.toLowerCase(simple.charAt(0)) + simple.substring(1);
    }

    /** Returns what else determines the result, besides the operands, for printing: {@code axis 0, times 4}. */
    default String attributes() {
        return "";
    }

    /** An operation without operands. */
    sealed interface Source extends Op {
        @Override
        default List<Tensor> operands() {
            return List.of();
        }

        @Override
        default Optional<Tensor> pullBack(int operand, Tensor result, Tensor cotangent) {
            return Optional.empty();
        }
    }

    /** An operation on one operand, by default of the result's shape. */
    sealed interface Unary extends Op {
        /** Returns the operand. */
        Tensor a();

        @Override
        default List<Tensor> operands() {
            return List.of(a());
        }

        @Override
        default Shape inferShape() {
            return a().shape();
        }
    }

    /** An operation on two operands, by default element by element. */
    sealed interface Binary extends Op {
        /** Returns the left operand. */
        Tensor a();

        /** Returns the right operand. */
        Tensor b();

        @Override
        default List<Tensor> operands() {
            return List.of(a(), b());
        }

        @Override
        default Shape inferShape() {
            return Shapes.broadcast(name(), a(), b());
        }
    }

    /** A product that is added to something. */
    sealed interface Fused extends Op {
        /** Returns what the product is added to. */
        Tensor addend();

        /** Returns the left factor. */
        Tensor a();

        /** Returns the right factor. */
        Tensor b();

        @Override
        default List<Tensor> operands() {
            return List.of(addend(), a(), b());
        }
    }

    /** A value given from outside. */
    record Input(String label, Shape shape, DType type) implements Source {
        @Override
        public Shape inferShape() {
            return shape;
        }

        @Override
        public DType inferType() {
            return type;
        }

        @Override
        public <T> T evaluate(Backend<T> backend, List<T> operands, boolean reuse) {
            throw new IllegalStateException("input " + label + " was not given");
        }

        @Override
        public String attributes() {
            return label;
        }
    }

    /** The n x n identity matrix. */
    record Identity(long n, DType type) implements Source {
        @Override
        public Shape inferShape() {
            return Shape.of(n, n);
        }

        @Override
        public DType inferType() {
            return type;
        }

        @Override
        public <T> T evaluate(Backend<T> backend, List<T> operands, boolean reuse) {
            return backend.identity(n, type);
        }
    }

    /** a + b. */
    record Add(Tensor a, Tensor b) implements Binary {
        @Override
        public <T> T evaluate(Backend<T> backend, List<T> operands, boolean reuse) {
            return backend.add(operands.get(0), operands.get(1), reuse);
        }

        @Override
        public Optional<Tensor> pullBack(int operand, Tensor result, Tensor cotangent) {
            return Optional.of(sumTo(cotangent, operands().get(operand).shape()));
        }
    }

    /** a - b. */
    record Sub(Tensor a, Tensor b) implements Binary {
        @Override
        public <T> T evaluate(Backend<T> backend, List<T> operands, boolean reuse) {
            return backend.sub(operands.get(0), operands.get(1));
        }

        @Override
        public Optional<Tensor> pullBack(int operand, Tensor result, Tensor cotangent) {
            return Optional.of(operand == 0 ? sumTo(cotangent, a.shape()) : sumTo(cotangent.scale(-1), b.shape()));
        }
    }

    /** a b, element by element. */
    record Mul(Tensor a, Tensor b) implements Binary {
        @Override
        public <T> T evaluate(Backend<T> backend, List<T> operands, boolean reuse) {
            return backend.mul(operands.get(0), operands.get(1));
        }

        @Override
        public Optional<Tensor> pullBack(int operand, Tensor result, Tensor cotangent) {
            return Optional.of(sumTo(
                    cotangent.mul(operand == 0 ? b : a), operands().get(operand).shape()));
        }
    }

    /** a / b, element by element. */
    record Div(Tensor a, Tensor b) implements Binary {
        @Override
        public <T> T evaluate(Backend<T> backend, List<T> operands, boolean reuse) {
            return backend.div(operands.get(0), operands.get(1));
        }

        @Override
        public Optional<Tensor> pullBack(int operand, Tensor result, Tensor cotangent) {
            Tensor slope = cotangent.div(b);
            return Optional.of(
                    operand == 0
                            ? sumTo(slope, a.shape())
                            : sumTo(slope.mul(result).scale(-1), b.shape()));
        }
    }

    /** factor a. */
    record Scale(Tensor a, double factor) implements Unary {
        @Override
        public <T> T evaluate(Backend<T> backend, List<T> operands, boolean reuse) {
            return backend.scale(operands.get(0), factor);
        }

        @Override
        public Optional<Tensor> pullBack(int operand, Tensor result, Tensor cotangent) {
            return Optional.of(cotangent.scale(factor));
        }

        @Override
        public String attributes() {
            return "factor " + factor;
        }
    }

    /** The matrix product of the last two dimensions. */
    record MatMul(Tensor a, Tensor b) implements Binary {
        @Override
        public Shape inferShape() {
            return Shapes.matMul("matMul", a, b);
        }

        @Override
        public <T> T evaluate(Backend<T> backend, List<T> operands, boolean reuse) {
            return backend.matMul(operands.get(0), operands.get(1));
        }

        @Override
        public Optional<Tensor> pullBack(int operand, Tensor result, Tensor cotangent) {
            return Optional.of(
                    operand == 0
                            ? sumTo(cotangent.matMul(b.transpose()), a.shape())
                            : sumTo(a.transpose().matMul(cotangent), b.shape()));
        }
    }

    /** addend + a b with the matrix product of a and b. */
    record AddMatMul(Tensor addend, Tensor a, Tensor b) implements Fused {
        @Override
        public Shape inferShape() {
            Shape product = Shapes.matMul("addMatMul", a, b);
            long[] sum = Shapes.broadcast("addMatMul", addend, a, addend.shape().toArray(), product.toArray());
            if (!Shape.of(sum).equals(product)) {
                throw Shapes.mismatch("addMatMul", "the first must broadcast to the product " + product, addend, a, b);
            }
            return product;
        }

        @Override
        public <T> T evaluate(Backend<T> backend, List<T> operands, boolean reuse) {
            return backend.addMatMul(operands.get(0), operands.get(1), operands.get(2), reuse);
        }

        @Override
        public Optional<Tensor> pullBack(int operand, Tensor result, Tensor cotangent) {
            return operand == 0
                    ? Optional.of(sumTo(cotangent, addend.shape()))
                    : new MatMul(a, b).pullBack(operand - 1, result, cotangent);
        }
    }

    /** addend + a b with the element-wise product of a and b. */
    record AddMul(Tensor addend, Tensor a, Tensor b) implements Fused {
        @Override
        public Shape inferShape() {
            Shape product = Shapes.broadcast("addMul", a, b);
            return Shape.of(Shapes.broadcast("addMul", addend, a, addend.shape().toArray(), product.toArray()));
        }

        @Override
        public <T> T evaluate(Backend<T> backend, List<T> operands, boolean reuse) {
            return backend.addMul(operands.get(0), operands.get(1), operands.get(2));
        }

        @Override
        public Optional<Tensor> pullBack(int operand, Tensor result, Tensor cotangent) {
            return operand == 0
                    ? Optional.of(sumTo(cotangent, addend.shape()))
                    : new Mul(a, b).pullBack(operand - 1, result, cotangent);
        }
    }

    /** The same elements in row-major order with another shape. */
    record Reshape(Tensor a, Shape to) implements Unary {
        @Override
        public Shape inferShape() {
            if (to.isOpen() != a.shape().isOpen() || to.knownSize() != a.shape().knownSize()) {
                throw Shapes.mismatch("reshape", "not as many elements as " + to, a);
            }
            return to;
        }

        @Override
        public <T> T evaluate(Backend<T> backend, List<T> operands, boolean reuse) {
            return backend.reshape(operands.get(0), to);
        }

        @Override
        public Optional<Tensor> pullBack(int operand, Tensor result, Tensor cotangent) {
            return Optional.of(cotangent.reshape(a.shape().toArray()));
        }

        @Override
        public boolean isView() {
            return true;
        }
    }

    /** Dimension i of the result is dimension axes[i] of a. */
    record Permute(Tensor a, List<Integer> axes) implements Unary {
        @Override
        public Shape inferShape() {
            int rank = a.shape().rank();
            if (!axes.stream()
                    .sorted()
                    .toList()
                    .equals(IntStream.range(0, rank).boxed().toList())) {
                throw Shapes.mismatch("permute", axes + " is no order of its dimensions", a);
            }
            return Shape.of(axes.stream().mapToLong(a.shape()::dim).toArray());
        }

        @Override
        public <T> T evaluate(Backend<T> backend, List<T> operands, boolean reuse) {
            return backend.permute(operands.get(0), axes);
        }

        @Override
        public Optional<Tensor> pullBack(int operand, Tensor result, Tensor cotangent) {
            List<Integer> inverse =
                    IntStream.range(0, axes.size()).mapToObj(axes::indexOf).toList();
            return Optional.of(Tensor.of(new Permute(cotangent, inverse)));
        }

        @Override
        public boolean isView() {
            return true;
        }

        @Override
        public String attributes() {
            return "axes " + axes;
        }
    }

    /** Indices begin (inclusive) to end (exclusive) of one dimension. */
    record Slice(Tensor a, int axis, long begin, long end) implements Unary {
        @Override
        public Shape inferShape() {
            long size = a.shape().dim(Shapes.axis("slice", a, axis));
            if (begin < 0 || begin > end || end > size) {
                throw Shapes.mismatch("slice", begin + " to " + end + " is not within dimension " + axis, a);
            }
            return Shapes.withDim(a.shape(), axis, end - begin);
        }

        @Override
        public <T> T evaluate(Backend<T> backend, List<T> operands, boolean reuse) {
            return backend.slice(operands.get(0), axis, begin, end);
        }

        @Override
        public Optional<Tensor> pullBack(int operand, Tensor result, Tensor cotangent) {
            return Optional.of(cotangent.pad(axis, begin, a.shape().dim(axis) - end));
        }

        @Override
        public boolean isView() {
            return true;
        }

        @Override
        public String attributes() {
            return "axis " + axis + ", " + begin + " to " + end;
        }
    }

    /** Zeros before and after a along one dimension. */
    record Pad(Tensor a, int axis, long before, long after) implements Unary {
        @Override
        public Shape inferShape() {
            long size = a.shape().dim(Shapes.axis("pad", a, axis));
            if (size < 0 || before < 0 || after < 0) {
                throw Shapes.mismatch("pad", "cannot pad dimension " + axis + " by " + before + " and " + after, a);
            }
            return Shapes.withDim(a.shape(), axis, before + size + after);
        }

        @Override
        public <T> T evaluate(Backend<T> backend, List<T> operands, boolean reuse) {
            return backend.pad(operands.get(0), axis, before, after);
        }

        @Override
        public Optional<Tensor> pullBack(int operand, Tensor result, Tensor cotangent) {
            return Optional.of(cotangent.slice(axis, before, before + a.shape().dim(axis)));
        }

        @Override
        public String attributes() {
            return "axis " + axis + ", " + before + " before, " + after + " after";
        }
    }

    /** a repeated whole along one dimension. */
    record Tile(Tensor a, int axis, long times) implements Unary {
        @Override
        public Shape inferShape() {
            long size = a.shape().dim(Shapes.axis("tile", a, axis));
            if (size < 0 || times < 1) {
                throw Shapes.mismatch("tile", "cannot repeat dimension " + axis + " " + times + " times", a);
            }
            return Shapes.withDim(a.shape(), axis, Math.multiplyExact(size, times));
        }

        @Override
        public <T> T evaluate(Backend<T> backend, List<T> operands, boolean reuse) {
            return backend.tile(operands.get(0), axis, times);
        }

        @Override
        public Optional<Tensor> pullBack(int operand, Tensor result, Tensor cotangent) {
            int rank = a.shape().rank();
            long[] split = new long[rank + 1];
            for (int i = 0; i <= rank; i++) {
                split[i] = i < axis
                        ? a.shape().dim(i)
                        : i == axis ? times : a.shape().dim(i - 1);
            }
            return Optional.of(cotangent.reshape(split).sum(axis));
        }

        @Override
        public String attributes() {
            return "axis " + axis + ", " + times + " times";
        }
    }

    /** Tensors one after the other along one dimension. */
    record Concat(List<Tensor> parts, int axis) implements Op {
        /** Checks that there are parts. */
        public Concat {
            if (parts.isEmpty()) {
                throw new GraphException("concat needs one tensor or more");
            }
        }

        @Override
        public List<Tensor> operands() {
            return parts;
        }

        @Override
        public Shape inferShape() {
            Tensor first = parts.get(0);
            long size = 0;
            for (Tensor part : parts) {
                long dim = part.shape().rank() == first.shape().rank()
                        ? part.shape().dim(Shapes.axis("concat", part, axis))
                        : -1;
                if (dim < 0 || !Shapes.withDim(part.shape(), axis, 0).equals(Shapes.withDim(first.shape(), axis, 0))) {
                    throw Shapes.mismatch(
                            "concat", "they differ beside dimension " + axis, parts.toArray(Tensor[]::new));
                }
                size += dim;
            }
            return Shapes.withDim(first.shape(), axis, size);
        }

        @Override
        public <T> T evaluate(Backend<T> backend, List<T> operands, boolean reuse) {
            return backend.concat(operands, axis);
        }

        @Override
        public Optional<Tensor> pullBack(int operand, Tensor result, Tensor cotangent) {
            long begin = parts.subList(0, operand).stream()
                    .mapToLong(part -> part.shape().dim(axis))
                    .sum();
            return Optional.of(cotangent.slice(
                    axis, begin, begin + parts.get(operand).shape().dim(axis)));
        }

        @Override
        public String attributes() {
            return "axis " + axis;
        }
    }

    /** The sum over some dimensions. */
    record Sum(Tensor a, List<Integer> axes, boolean keepDims) implements Unary {
        @Override
        public Shape inferShape() {
            axes.forEach(axis -> Shapes.axis("sum", a, axis));
            Shape kept = keptShape();
            return keepDims
                    ? kept
                    : Shape.of(IntStream.range(0, a.shape().rank())
                            .filter(i -> !axes.contains(i))
                            .mapToLong(kept::dim)
                            .toArray());
        }

        private Shape keptShape() {
            return Shape.of(IntStream.range(0, a.shape().rank())
                    .mapToLong(i -> axes.contains(i) ? 1 : a.shape().dim(i))
                    .toArray());
        }

        @Override
        public <T> T evaluate(Backend<T> backend, List<T> operands, boolean reuse) {
            return backend.sum(operands.get(0), axes, keepDims);
        }

        @Override
        public Optional<Tensor> pullBack(int operand, Tensor result, Tensor cotangent) {
            return Optional.of(cotangent.reshape(keptShape().toArray()).expandAs(a));
        }

        @Override
        public String attributes() {
            return "axes " + axes + (keepDims ? ", kept" : "");
        }
    }

    /** a broadcast to the shape of another tensor. */
    record ExpandAs(Tensor a, Tensor like) implements Op {
        @Override
        public List<Tensor> operands() {
            return List.of(a, like);
        }

        @Override
        public Shape inferShape() {
            if (!Shapes.broadcast("expandAs", a, like).equals(like.shape())) {
                throw Shapes.mismatch("expandAs", "the first does not broadcast to the second", a, like);
            }
            return like.shape();
        }

        @Override
        public DType inferType() {
            return a.type();
        }

        @Override
        public <T> T evaluate(Backend<T> backend, List<T> operands, boolean reuse) {
            return backend.expandAs(operands.get(0), operands.get(1));
        }

        @Override
        public Optional<Tensor> pullBack(int operand, Tensor result, Tensor cotangent) {
            return operand == 0 ? Optional.of(sumTo(cotangent, a.shape())) : Optional.empty();
        }

        @Override
        public boolean isView() {
            return true;
        }
    }

    /** The square root of each element. */
    record Sqrt(Tensor a) implements Unary {
        @Override
        public <T> T evaluate(Backend<T> backend, List<T> operands, boolean reuse) {
            return backend.sqrt(operands.get(0));
        }

        @Override
        public Optional<Tensor> pullBack(int operand, Tensor result, Tensor cotangent) {
            return Optional.of(cotangent.div(result).scale(0.5));
        }
    }

    /** The inverse of each matrix in the last two dimensions; {@code what} is inverted, for the error if it is singular. */
    record Inverse(Tensor a, String what) implements Unary {
        @Override
        public Shape inferShape() {
            Shape shape = a.shape();
            if (shape.rank() < 2 || shape.dim(-1) != shape.dim(-2)) {
                throw Shapes.mismatch("inverse", "the matrices are not square", a);
            }
            return shape;
        }

        @Override
        public <T> T evaluate(Backend<T> backend, List<T> operands, boolean reuse) {
            return backend.inverse(operands.get(0));
        }

        @Override
        public Optional<Tensor> pullBack(int operand, Tensor result, Tensor cotangent) {
            Tensor transposed = result.transpose();
            return Optional.of(transposed.matMul(cotangent).matMul(transposed).scale(-1));
        }
    }

    /** a as a constant. */
    record StopGradient(Tensor a) implements Unary {
        @Override
        public <T> T evaluate(Backend<T> backend, List<T> operands, boolean reuse) {
            return backend.stopGradient(operands.get(0));
        }

        @Override
        public Optional<Tensor> pullBack(int operand, Tensor result, Tensor cotangent) {
            return Optional.empty();
        }

        @Override
        public boolean isView() {
            return true;
        }
    }

    /** a with another element type. */
    record Cast(Tensor a, DType to) implements Unary {
        @Override
        public Shape inferShape() {
            if (!to.isFloating()) {
                throw Shapes.mismatch("cast", to + " is no floating-point type", a);
            }
            return a.shape();
        }

        @Override
        public DType inferType() {
            return to;
        }

        @Override
        public <T> T evaluate(Backend<T> backend, List<T> operands, boolean reuse) {
            return backend.cast(operands.get(0), to);
        }

        @Override
        public Optional<Tensor> pullBack(int operand, Tensor result, Tensor cotangent) {
            return Optional.of(cotangent.cast(a.type()));
        }
    }

    /** Zeros and 1 / (1 - rate), drawn at random. */
    record DropoutMask(Tensor like, double rate) implements Op {
        /** Checks the rate. */
        public DropoutMask {
            if (!(rate >= 0 && rate < 1)) {
                throw new GraphException("a dropout rate is at least 0 and less than 1, not " + rate);
            }
        }

        @Override
        public List<Tensor> operands() {
            return List.of(like);
        }

        @Override
        public Shape inferShape() {
            return like.shape();
        }

        @Override
        public <T> T evaluate(Backend<T> backend, List<T> operands, boolean reuse) {
            return backend.dropoutMask(operands.get(0), rate);
        }

        @Override
        public Optional<Tensor> pullBack(int operand, Tensor result, Tensor cotangent) {
            return Optional.empty();
        }

        @Override
        public String attributes() {
            return "rate " + rate;
        }
    }
}
