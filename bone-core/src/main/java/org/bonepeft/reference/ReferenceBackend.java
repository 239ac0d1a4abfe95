package org.bonepeft.reference;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleBinaryOperator;
import java.util.stream.IntStream;
import org.bonepeft.BoneException;
import org.bonepeft.graph.Backend;
import org.bonepeft.reference.DoubleTensor.Cursor;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;

/**
 * Runs graphs in float64 with plain loops: slow, exact, the oracle of every other backend. Element types are ignored,
 * so that a cast changes nothing. It counts what it does, so that {@link org.bonepeft.graph.Cost} can be checked
 * against it. Not thread-safe.
 */
public final class ReferenceBackend implements Backend<DoubleTensor> {
    private final SplittableRandom random;
    private long operations;
    private long allocated;

    /** Creates a backend whose dropout masks come from seed 0. */
    public ReferenceBackend() {
        this(0);
    }

    /** Creates a backend whose dropout masks come from {@code seed}. */
    public ReferenceBackend(long seed) {
        random = new SplittableRandom(seed);
    }

    /** Returns the number of additions, multiplications, divisions and roots done so far. */
    public long operations() {
        return operations;
    }

    /** Returns the number of elements allocated for results so far; views take none. */
    public long allocatedElements() {
        return allocated;
    }

    private DoubleTensor allocate(Shape shape) {
        allocated += shape.size();
        return DoubleTensor.zeros(shape);
    }

    @Override
    public DoubleTensor identity(long n, DType type) {
        DoubleTensor result = allocate(Shape.of(n, n));
        for (int i = 0; i < n; i++) {
            result.data()[i * (int) n + i] = 1;
        }
        return result;
    }

    private DoubleTensor zip(DoubleTensor a, DoubleTensor b, Shape shape, DoubleBinaryOperator function) {
        return zipInto(allocate(shape), a, b, function);
    }

    private DoubleTensor zipInto(DoubleTensor result, DoubleTensor a, DoubleTensor b, DoubleBinaryOperator function) {
        Shape shape = result.shape();
        Cursor cursor = new Cursor(shape, result, a.broadcastTo(shape), b.broadcastTo(shape));
        for (long i = shape.size(); i > 0; i--) {
            result.data()[cursor.position(0)] =
                    function.applyAsDouble(a.data()[cursor.position(1)], b.data()[cursor.position(2)]);
            cursor.next();
        }
        operations += shape.size();
        return result;
    }

    private static Shape broadcast(DoubleTensor a, DoubleTensor b) {
        return broadcast(a.shape(), b.shape());
    }

    private static Shape broadcast(Shape a, Shape b) {
        int rank = Math.max(a.rank(), b.rank());
        long[] dims = new long[rank];
        for (int i = 1; i <= rank; i++) {
            long left = i <= a.rank() ? a.dim(-i) : 1;
            long right = i <= b.rank() ? b.dim(-i) : 1;
            dims[rank - i] = left == 1 ? right : left;
        }
        return Shape.of(dims);
    }

    @Override
    public DoubleTensor add(DoubleTensor a, DoubleTensor b, boolean reuse) {
        return zipInto(reuse ? a : allocate(broadcast(a, b)), a, b, Double::sum);
    }

    @Override
    public DoubleTensor sub(DoubleTensor a, DoubleTensor b) {
        return zip(a, b, broadcast(a, b), (x, y) -> x - y);
    }

    @Override
    public DoubleTensor mul(DoubleTensor a, DoubleTensor b) {
        return zip(a, b, broadcast(a, b), (x, y) -> x * y);
    }

    @Override
    public DoubleTensor div(DoubleTensor a, DoubleTensor b) {
        return zip(a, b, broadcast(a, b), (x, y) -> x / y);
    }

    @Override
    public DoubleTensor scale(DoubleTensor a, double factor) {
        return zip(a, a, a.shape(), (x, y) -> x * factor);
    }

    private static Shape productShape(DoubleTensor a, DoubleTensor b) {
        long[] batch = broadcast(head(a), head(b)).toArray();
        long[] dims = Arrays.copyOf(batch, batch.length + 2);
        dims[batch.length] = a.shape().dim(-2);
        dims[batch.length + 1] = b.shape().dim(-1);
        return Shape.of(dims);
    }

    /** The view of the first matrix of each batch entry: all but the last two dimensions. */
    private static DoubleTensor head(DoubleTensor a) {
        int rank = a.shape().rank() - 2;
        return new DoubleTensor(
                a.data(),
                a.offset(),
                Shape.of(Arrays.copyOf(a.shape().toArray(), rank)),
                Arrays.copyOf(a.strides(), rank));
    }

    @Override
    public DoubleTensor matMul(DoubleTensor a, DoubleTensor b) {
        return multiplyInto(allocate(productShape(a, b)), a, b);
    }

    private DoubleTensor multiplyInto(DoubleTensor result, DoubleTensor a, DoubleTensor b) {
        int rows = (int) a.shape().dim(-2);
        int inner = (int) a.shape().dim(-1);
        int columns = (int) b.shape().dim(-1);
        int aRank = a.shape().rank();
        int bRank = b.shape().rank();
        int rank = result.shape().rank();
        DoubleTensor heads = head(result);
        Shape batch = heads.shape();
        Cursor cursor = new Cursor(batch, heads, head(a).broadcastTo(batch), head(b).broadcastTo(batch));
        for (long n = batch.size(); n > 0; n--) {
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < columns; j++) {
                    double sum = 0;
                    int left = cursor.position(1) + i * a.stride(aRank - 2);
                    int right = cursor.position(2) + j * b.stride(bRank - 1);
                    for (int k = 0; k < inner; k++) {
                        sum += a.data()[left] * b.data()[right];
                        left += a.stride(aRank - 1);
                        right += b.stride(bRank - 2);
                    }
                    result.data()[cursor.position(0) + i * result.stride(rank - 2) + j * result.stride(rank - 1)] +=
                            sum;
                }
            }
            cursor.next();
        }
        operations += 2L * inner * result.shape().size();
        return result;
    }

    @Override
    public DoubleTensor addMatMul(DoubleTensor addend, DoubleTensor a, DoubleTensor b, boolean reuse) {
        if (reuse) {
            return multiplyInto(addend, a, b);
        }
        DoubleTensor result = allocate(productShape(a, b));
        Cursor cursor = new Cursor(result.shape(), addend.broadcastTo(result.shape()));
        for (int i = 0; i < result.data().length; i++) {
            result.data()[i] = addend.data()[cursor.position(0)];
            cursor.next();
        }
        return multiplyInto(result, a, b);
    }

    @Override
    public DoubleTensor addMul(DoubleTensor addend, DoubleTensor a, DoubleTensor b) {
        DoubleTensor result = allocate(broadcast(addend.shape(), broadcast(a, b)));
        Shape shape = result.shape();
        Cursor cursor = new Cursor(shape, addend.broadcastTo(shape), a.broadcastTo(shape), b.broadcastTo(shape));
        for (int i = 0; i < result.data().length; i++) {
            result.data()[i] =
                    addend.data()[cursor.position(0)] + a.data()[cursor.position(1)] * b.data()[cursor.position(2)];
            cursor.next();
        }
        operations += 2 * shape.size();
        return result;
    }

    @Override
    public DoubleTensor reshape(DoubleTensor a, Shape shape) {
        long size = a.shape().size();
        Shape closed = shape.withTokens(size / Math.max(1, shape.knownSize()));
        if (a.isContiguous()) {
            return new DoubleTensor(a.data(), a.offset(), closed, DoubleTensor.rowMajor(closed));
        }
        allocated += size;
        return DoubleTensor.of(closed, a.toArray());
    }

    @Override
    public DoubleTensor permute(DoubleTensor a, List<Integer> axes) {
        return new DoubleTensor(
                a.data(),
                a.offset(),
                Shape.of(axes.stream().mapToLong(a.shape()::dim).toArray()),
                axes.stream().mapToInt(a::stride).toArray());
    }

    @Override
    public DoubleTensor slice(DoubleTensor a, int axis, long begin, long end) {
        long[] dims = a.shape().toArray();
        dims[axis] = end - begin;
        return new DoubleTensor(a.data(), a.offset() + (int) begin * a.stride(axis), Shape.of(dims), a.strides());
    }

    @Override
    public DoubleTensor pad(DoubleTensor a, int axis, long before, long after) {
        long[] dims = a.shape().toArray();
        dims[axis] += before + after;
        DoubleTensor result = allocate(Shape.of(dims));
        copy(a, slice(result, axis, before, dims[axis] - after));
        return result;
    }

    @Override
    public DoubleTensor tile(DoubleTensor a, int axis, long times) {
        long size = a.shape().dim(axis);
        long[] dims = a.shape().toArray();
        dims[axis] *= times;
        DoubleTensor result = allocate(Shape.of(dims));
        for (long i = 0; i < times; i++) {
            copy(a, slice(result, axis, i * size, (i + 1) * size));
        }
        return result;
    }

    @Override
    public DoubleTensor concat(List<DoubleTensor> parts, int axis) {
        long[] dims = parts.get(0).shape().toArray();
        dims[axis] = parts.stream().mapToLong(part -> part.shape().dim(axis)).sum();
        DoubleTensor result = allocate(Shape.of(dims));
        long begin = 0;
        for (DoubleTensor part : parts) {
            long end = begin + part.shape().dim(axis);
            copy(part, slice(result, axis, begin, end));
            begin = end;
        }
        return result;
    }

    private static void copy(DoubleTensor from, DoubleTensor to) {
        Cursor cursor = new Cursor(to.shape(), from, to);
        for (long i = to.shape().size(); i > 0; i--) {
            to.data()[cursor.position(1)] = from.data()[cursor.position(0)];
            cursor.next();
        }
    }

    @Override
    public DoubleTensor sum(DoubleTensor a, List<Integer> axes, boolean keepDims) {
        int rank = a.shape().rank();
        long[] kept = a.shape().toArray();
        axes.forEach(axis -> kept[axis] = 1);
        DoubleTensor result = allocate(Shape.of(kept));
        Cursor cursor = new Cursor(a.shape(), a, result.broadcastTo(a.shape()));
        for (long i = a.shape().size(); i > 0; i--) {
            result.data()[cursor.position(1)] += a.data()[cursor.position(0)];
            cursor.next();
        }
        operations += a.shape().size();
        return keepDims
                ? result
                : DoubleTensor.of(
                        Shape.of(IntStream.range(0, rank)
                                .filter(i -> !axes.contains(i))
                                .mapToLong(i -> kept[i])
                                .toArray()),
                        result.data());
    }

    @Override
    public DoubleTensor expandAs(DoubleTensor a, DoubleTensor like) {
        return a.broadcastTo(like.shape());
    }

    @Override
    public DoubleTensor sqrt(DoubleTensor a) {
        return zip(a, a, a.shape(), (x, y) -> Math.sqrt(x));
    }

    /** Inverts by Gauss-Jordan elimination with partial pivoting. */
    @Override
    public DoubleTensor inverse(DoubleTensor a) {
        int n = (int) a.shape().dim(-1);
        double[] source = a.toArray().clone();
        DoubleTensor result = allocate(a.shape());
        for (int offset = 0; offset < source.length; offset += n * n) {
            GaussJordan.invert(source, result.data(), offset, n);
        }
        operations += 4L * n * result.shape().size();
        return result;
    }

    @Override
    public DoubleTensor stopGradient(DoubleTensor a) {
        return a;
    }

    @Override
    public DoubleTensor cast(DoubleTensor a, DType type) {
        if (!type.isFloating()) {
            throw new BoneException("cannot cast to " + type);
        }
        return a;
    }

    @Override
    public DoubleTensor dropoutMask(DoubleTensor like, double rate) {
        DoubleTensor mask = allocate(like.shape());
        for (int i = 0; i < mask.data().length; i++) {
            mask.data()[i] = random.nextDouble() < rate ? 0 : 1 / (1 - rate);
        }
        return mask;
    }
}
