package org.bonepeft.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;

/**
 * A symbolic value: the operation that makes it, with the shape and element type that follow from it. Every method that
 * returns a tensor checks shapes at once and throws {@link GraphException} if they do not fit. Tensors are equal only
 * to themselves.
 */
public final class Tensor {
    private final Op op;
    private final Shape shape;
    private final DType type;

    private Tensor(Op op) {
        this.op = op;
        this.shape = op.inferShape();
        this.type = op.inferType();
    }

    /** Returns the value of an operation. */
    public static Tensor of(Op op) {
        return new Tensor(op);
    }

    /** Returns a named input of a graph. */
    public static Tensor input(String name, Shape shape, DType type) {
        return of(new Op.Input(name, shape, type));
    }

    /** Returns the n x n identity matrix. */
    public static Tensor identity(long n, DType type) {
        return of(new Op.Identity(n, type));
    }

    /** Returns the operation that makes this value. */
    public Op op() {
        return op;
    }

    /** Returns the shape. */
    public Shape shape() {
        return shape;
    }

    /** Returns the element type. */
    public DType type() {
        return type;
    }

    /** Returns this + other. */
    public Tensor add(Tensor other) {
        return of(new Op.Add(this, other));
    }

    /** Returns this - other. */
    public Tensor sub(Tensor other) {
        return of(new Op.Sub(this, other));
    }

    /** Returns the element-wise product. */
    public Tensor mul(Tensor other) {
        return of(new Op.Mul(this, other));
    }

    /** Returns the element-wise quotient. */
    public Tensor div(Tensor other) {
        return of(new Op.Div(this, other));
    }

    /** Returns factor times this; this itself if the factor is 1. */
    public Tensor scale(double factor) {
        return factor == 1 ? this : of(new Op.Scale(this, factor));
    }

    /** Returns the matrix product over the last two dimensions. */
    public Tensor matMul(Tensor other) {
        return of(new Op.MatMul(this, other));
    }

    /** Returns this + a b (matrix product). */
    public Tensor addMatMul(Tensor a, Tensor b) {
        return of(new Op.AddMatMul(this, a, b));
    }

    /** Returns this + a b (element-wise). */
    public Tensor addMul(Tensor a, Tensor b) {
        return of(new Op.AddMul(this, a, b));
    }

    /** Returns this with another shape; this itself if the shape is the same. */
    public Tensor reshape(long... dims) {
        Shape to = Shape.of(dims);
        return to.equals(shape) ? this : of(new Op.Reshape(this, to));
    }

    /** Returns this with its dimensions in another order. */
    public Tensor permute(Integer... axes) {
        return of(new Op.Permute(this, List.of(axes)));
    }

    /** Returns this with its last two dimensions exchanged. */
    public Tensor transpose() {
        int rank = shape.rank();
        if (rank < 2) {
            throw new GraphException("transpose needs two dimensions, not " + shape);
        }
        List<Integer> axes =
                new ArrayList<>(IntStream.range(0, rank - 2).boxed().toList());
        axes.add(rank - 1);
        axes.add(rank - 2);
        return of(new Op.Permute(this, List.copyOf(axes)));
    }

    /** Returns indices {@code begin} to {@code end} of one dimension; this itself if that is all of it. */
    public Tensor slice(int axis, long begin, long end) {
        return begin == 0 && end == shape.dim(axis) ? this : of(new Op.Slice(this, axis, begin, end));
    }

    /** Returns this with zeros before and after it along one dimension; this itself if there are none. */
    public Tensor pad(int axis, long before, long after) {
        return before == 0 && after == 0 ? this : of(new Op.Pad(this, axis, before, after));
    }

    /** Returns this repeated along one dimension; this itself if once. */
    public Tensor tile(int axis, long times) {
        return times == 1 ? this : of(new Op.Tile(this, axis, times));
    }

    /** Returns tensors one after the other along one dimension; the only one itself if there is one. */
    public static Tensor concat(int axis, List<Tensor> parts) {
        List<Tensor> all = List.copyOf(parts);
        return all.size() == 1 ? all.get(0) : of(new Op.Concat(all, axis));
    }

    /** Returns the sum over some dimensions, which vanish. */
    public Tensor sum(Integer... axes) {
        return of(new Op.Sum(this, List.of(axes), false));
    }

    /** Returns this broadcast to the shape of another tensor; this itself if the shapes are equal. */
    public Tensor expandAs(Tensor like) {
        return like.shape.equals(shape) ? this : of(new Op.ExpandAs(this, like));
    }

    /** Returns the square root of each element. */
    public Tensor sqrt() {
        return of(new Op.Sqrt(this));
    }

    /** Returns the inverse of each matrix in the last two dimensions. */
    public Tensor inverse() {
        return inverse("the matrix");
    }

    /**
     * Returns the inverse of each matrix in the last two dimensions.
     *
     * @param what what is inverted, for the error if it is singular
     */
    public Tensor inverse(String what) {
        return of(new Op.Inverse(this, what));
    }

    /** Returns this as a constant, through which no gradient flows. */
    public Tensor stopGradient() {
        return of(new Op.StopGradient(this));
    }

    /** Returns this with another element type; this itself if it has it. */
    public Tensor cast(DType to) {
        return to == type ? this : of(new Op.Cast(this, to));
    }

    /**
     * Returns this with each element zeroed with probability {@code rate} and the others divided by 1 - rate; this
     * itself if the rate is 0.
     */
    public Tensor dropout(double rate) {
        return rate == 0 ? this : mul(of(new Op.DropoutMask(this, rate)));
    }

    /** Returns for example {@code matMul [T, 768] F32}. */
    @Override
    public String toString() {
        return op.name() + " " + shape + " " + type;
    }
}
