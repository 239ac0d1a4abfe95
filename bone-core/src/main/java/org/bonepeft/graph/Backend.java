package org.bonepeft.graph;

import java.util.List;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;

/**
 * What a framework must offer to run a {@link Graph}: one small method for each {@link Op}. Shapes were checked when
 * the graph was built, so that an implementation need not check them again.
 *
 * <p>Broadcasting is NumPy's: shapes are aligned at the last dimension, and a dimension of 1 stretches. An open
 * dimension of a shape argument (see {@link Shape#TOKENS}) is whatever makes the element counts agree.
 * {@code org.bonepeft.testkit.BackendContract} checks an implementation.
 *
 * @param <T> the framework's array, or anything else that can stand for one (a cost, a piece of code)
 */
public interface Backend<T> {
    /** Returns the n x n identity matrix. */
    T identity(long n, DType type);

    /**
     * Returns a + b. If {@code reuse}, {@code a} has the shape of the result, is not needed afterwards, and its memory
     * may hold the result; it is not {@link #release released} separately.
     */
    T add(T a, T b, boolean reuse);

    /** Returns a - b. */
    T sub(T a, T b);

    /** Returns the element-wise product a b. */
    T mul(T a, T b);

    /** Returns the element-wise quotient a / b. */
    T div(T a, T b);

    /** Returns factor a. */
    T scale(T a, double factor);

    /** Returns the matrix product of the last two dimensions; leading ones broadcast. */
    T matMul(T a, T b);

    /**
     * Returns addend + a b (matrix product), as BLAS computes it in one pass. {@code reuse} means for {@code addend}
     * what it means for {@code a} in {@link #add}.
     */
    T addMatMul(T addend, T a, T b, boolean reuse);

    /** Returns addend + a b (element-wise product) in one pass over the elements. */
    T addMul(T addend, T a, T b);

    /** Returns a with another shape of as many elements, in row-major order; a view where the layout allows one. */
    T reshape(T a, Shape shape);

    /** Returns a view of a: dimension i of the result is dimension {@code axes.get(i)} of a. */
    T permute(T a, List<Integer> axes);

    /** Returns a view of a: indices {@code begin} (inclusive) to {@code end} (exclusive) of one dimension. */
    T slice(T a, int axis, long begin, long end);

    /** Returns a with zeros before and after it along one dimension. */
    T pad(T a, int axis, long before, long after);

    /** Returns a repeated whole along one dimension. */
    T tile(T a, int axis, long times);

    /** Returns tensors one after the other along one dimension. */
    T concat(List<T> parts, int axis);

    /** Returns the sum over some dimensions, which stay as 1 or go. */
    T sum(T a, List<Integer> axes, boolean keepDims);

    /** Returns a view of a, broadcast to the shape of {@code like}. */
    T expandAs(T a, T like);

    /** Returns the square root of each element. */
    T sqrt(T a);

    /**
     * Returns the inverse of each matrix in the last two dimensions.
     *
     * @throws org.bonepeft.BoneException if one is singular
     */
    T inverse(T a);

    /** Returns a as a constant: no gradient flows back through it. */
    T stopGradient(T a);

    /** Returns a with another element type; differentiable. */
    T cast(T a, DType type);

    /**
     * Returns a random mask shaped like {@code like}: each element is 0 with probability {@code rate}, else
     * 1 / (1 - rate).
     */
    T dropoutMask(T like, double rate);

    /** Tells that the evaluation needs this intermediate value no more. Does nothing by default. */
    default void release(T value) {}
}
