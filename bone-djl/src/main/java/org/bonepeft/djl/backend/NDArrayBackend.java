package org.bonepeft.djl.backend;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import java.util.List;
import java.util.stream.LongStream;
import org.bonepeft.BoneException;
import org.bonepeft.graph.Backend;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;

/**
 * Runs graphs on any DJL engine that trains, one call for each operation. Results belong to one manager, whatever
 * manager the operands belong to; intermediate results are closed as soon as the graph needs them no more (the engine's
 * autograd keeps what it needs by itself).
 */
public final class NDArrayBackend implements Backend<NDArray> {
    private final NDManager owner;

    /** Creates a backend whose results belong to {@code owner}. */
    public NDArrayBackend(NDManager owner) {
        this.owner = owner;
    }

    /** Returns DJL's name of an element type. */
    public static DataType dataType(DType type) {
        return switch (type) {
            case F64 -> DataType.FLOAT64;
            case F32 -> DataType.FLOAT32;
            case F16 -> DataType.FLOAT16;
            case BF16, I64, I32, I16, I8, U8, BOOL ->
                throw new BoneException("op-by-op evaluation computes in F64, F32 or F16, not in " + type);
        };
    }

    /** DJL gives a result to the manager of the first operand, which for a weight would be the model's. */
    private NDArray own(NDArray result) {
        result.attach(owner);
        return result;
    }

    @Override
    public NDArray identity(long n, DType type) {
        return owner.eye((int) n, (int) n, 0, dataType(type));
    }

    @Override
    public NDArray add(NDArray a, NDArray b, boolean reuse) {
        return own(reuse ? a.addi(b) : a.add(b));
    }

    @Override
    public NDArray sub(NDArray a, NDArray b) {
        return own(a.sub(b));
    }

    @Override
    public NDArray mul(NDArray a, NDArray b) {
        return own(a.mul(b));
    }

    @Override
    public NDArray div(NDArray a, NDArray b) {
        return own(a.div(b));
    }

    @Override
    public NDArray scale(NDArray a, double factor) {
        return own(Scalars.times(a, factor));
    }

    @Override
    public NDArray matMul(NDArray a, NDArray b) {
        return own(a.matMul(b));
    }

    @Override
    public NDArray addMatMul(NDArray addend, NDArray a, NDArray b, boolean reuse) {
        int rank = a.getShape().dimension();
        if (addend.getShape().dimension() == 1 && rank == 2) {
            try (NDArray weight = b.transpose()) {
                return own(a.getNDArrayInternal().linear(a, weight, addend).singletonOrThrow());
            }
        }
        // DJL has no fused form; a fresh product is always free to be written to.
        NDArray result = own(a.matMul(b).addi(addend));
        if (reuse) {
            addend.close();
        }
        return result;
    }

    @Override
    public NDArray addMul(NDArray addend, NDArray a, NDArray b) {
        NDArray product = a.mul(b);
        if (product.getShape().dimension() >= addend.getShape().dimension()) {
            return own(product.addi(addend));
        }
        try (product) {
            return own(product.add(addend));
        }
    }

    @Override
    public NDArray reshape(NDArray a, Shape shape) {
        return own(a.reshape(
                LongStream.of(shape.toArray()).map(dim -> Math.max(dim, -1)).toArray()));
    }

    @Override
    public NDArray permute(NDArray a, List<Integer> axes) {
        return own(a.transpose(axes.stream().mapToInt(Integer::intValue).toArray()));
    }

    @Override
    public NDArray slice(NDArray a, int axis, long begin, long end) {
        NDIndex index = new NDIndex();
        for (int i = 0; i < axis; i++) {
            index.addAllDim();
        }
        return own(a.get(index.addSliceDim(begin, end)));
    }

    @Override
    public NDArray pad(NDArray a, int axis, long before, long after) {
        // The engine lists the last dimension first.
        long[] padding = new long[2 * (a.getShape().dimension() - axis)];
        padding[padding.length - 2] = before;
        padding[padding.length - 1] = after;
        return own(a.pad(new ai.djl.ndarray.types.Shape(padding), 0));
    }

    @Override
    public NDArray tile(NDArray a, int axis, long times) {
        long[] repeats = new long[a.getShape().dimension()];
        java.util.Arrays.fill(repeats, 1);
        repeats[axis] = times;
        return own(a.tile(repeats));
    }

    @Override
    public NDArray concat(List<NDArray> parts, int axis) {
        return own(NDArrays.concat(new NDList(parts), axis));
    }

    @Override
    public NDArray sum(NDArray a, List<Integer> axes, boolean keepDims) {
        return own(a.sum(axes.stream().mapToInt(Integer::intValue).toArray(), keepDims));
    }

    @Override
    public NDArray expandAs(NDArray a, NDArray like) {
        return own(a.broadcast(like.getShape()));
    }

    @Override
    public NDArray sqrt(NDArray a) {
        return own(a.sqrt());
    }

    @Override
    public NDArray inverse(NDArray a) {
        try {
            return own(a.inverse());
        } catch (EngineException e) {
            throw new BoneException("a matrix is singular and has no inverse", e);
        }
    }

    @Override
    public NDArray stopGradient(NDArray a) {
        return own(a.stopGradient());
    }

    @Override
    public NDArray cast(NDArray a, DType type) {
        if (a.hasGradient()) {
            throw new BoneException("op-by-op evaluation cannot differentiate a cast to " + type
                    + "; use one element type for the base and the adapter");
        }
        return own(a.toType(dataType(type), false));
    }

    @Override
    public NDArray dropoutMask(NDArray like, double rate) {
        try (NDArray uniform = owner.randomUniform(0, 1, like.getShape(), like.getDataType());
                NDArray keep = uniform.gte(rate);
                NDArray mask = keep.toType(like.getDataType(), false)) {
            return own(mask.mul(1 / (1 - rate)));
        }
    }

    @Override
    public void release(NDArray value) {
        value.close();
    }
}
