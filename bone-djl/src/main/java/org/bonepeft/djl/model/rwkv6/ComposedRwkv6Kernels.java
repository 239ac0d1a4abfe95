package org.bonepeft.djl.model.rwkv6;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.norm.LayerNorm;

/** The kernels in DJL's own operations: the portable path. The names are those of {@code rwkv6.py}. */
final class ComposedRwkv6Kernels implements Rwkv6Kernels {
    static final ComposedRwkv6Kernels INSTANCE = new ComposedRwkv6Kernels();

    private static final int PARTS = 5;
    private static final int LONGEST = 32;
    private static final float LARGEST_EXPONENT = 10;

    private ComposedRwkv6Kernels() {}

    private static NDArray shifted(NDArray x, NDArray shift) {
        NDArray before = shift.expandDims(1);
        return x.getShape().get(1) == 1
                ? before.sub(x)
                : before.concat(x.get(":, :-1"), 1).sub(x);
    }

    @Override
    public NDList mix(NDArray x, NDArray shift, NDList parameters) {
        NDArray d = shifted(x, shift);
        NDArray p = x.add(d.mul(parameters.get(0))).matMul(parameters.get(6)).tanh();
        NDList parts = p.split(PARTS, 2);
        NDArray[] mixed = new NDArray[PARTS];
        for (int j = 0; j < PARTS; j++) {
            NDArray m = parts.get(j).matMul(parameters.get(7).get(j));
            mixed[j] = x.add(d.mul(m.add(parameters.get(1 + j))));
        }
        NDArray z = mixed[0].matMul(parameters.get(9))
                .tanh()
                .matMul(parameters.get(10))
                .add(parameters.get(8));
        return new NDList(mixed[3], mixed[1], mixed[2], mixed[4], z);
    }

    @Override
    public NDList wkv(Form form, NDArray r, NDArray k, NDArray v, NDArray z, NDArray u, NDArray state) {
        NDArray l = limited(z).exp().neg();
        return switch (form) {
            case SCAN -> scan(r, k, v, l, u, state);
            case CHUNKED -> chunked(r, k, v, l, u, state);
        };
    }

    /** DJL's {@code minimum(Number)} lets go of the number, in Java memory, that the backward pass compares with. */
    private static NDArray limited(NDArray z) {
        try (NDArray limit = z.getManager().full(new Shape(), LARGEST_EXPONENT, z.getDataType())) {
            return z.minimum(limit);
        }
    }

    private static NDList scan(NDArray r, NDArray k, NDArray v, NDArray l, NDArray u, NDArray state) {
        Shape shape = r.getShape();
        Shape heads =
                new Shape(shape.get(0), u.getShape().get(0), 1, u.getShape().get(1));
        NDArray bonus = u.expandDims(2);
        NDArray s = state;
        NDList ys = new NDList();
        for (long t = 0; t < shape.get(1); t++) {
            NDArray key = k.get(":, {}", t).reshape(heads).swapAxes(2, 3);
            NDArray kv = key.matMul(v.get(":, {}", t).reshape(heads));
            NDArray y = r.get(":, {}", t).reshape(heads).matMul(kv.mul(bonus).add(s));
            ys.add(y.reshape(shape.get(0), 1, shape.get(2)));
            NDArray w = l.get(":, {}", t).reshape(heads).exp().swapAxes(2, 3);
            s = w.mul(s).add(kv);
        }
        return new NDList(joined(ys, 1), s);
    }

    private static NDList chunked(NDArray r, NDArray k, NDArray v, NDArray l, NDArray u, NDArray state) {
        Shape shape = r.getShape();
        long batch = shape.get(0);
        long tokens = shape.get(1);
        long heads = u.getShape().get(0);
        long n = u.getShape().get(1);
        int size = 2;
        while (size < tokens && size < LONGEST) {
            size *= 2;
        }
        long length = (tokens + size - 1) / size * size;
        NDArray[] c = new NDArray[4];
        NDArray[] whole = {r, k, v, l};
        for (int i = 0; i < c.length; i++) {
            NDArray padded = whole[i].reshape(batch, tokens, heads, n)
                    .pad(new Shape(0, 0, 0, 0, 0, length - tokens), 0)
                    .swapAxes(1, 2);
            c[i] = padded.reshape(-1, size, n);
        }
        NDArray decays =
                sums(c[3], size).matMul(c[3]).exp().reshape(c[3].getShape().get(0), -1, size, n);
        NDArray bonus = c[1].reshape(batch, heads, -1, n).mul(u.reshape(1, heads, 1, n));
        NDArray a =
                bonus.mul(c[0].reshape(batch, heads, -1, n)).sum(new int[] {3}).reshape(-1, 1, 1);
        int level = 0;
        for (long half = 1; half < size; half *= 2) {
            NDArray right = half(c[0], 1, half);
            NDArray left = half(c[1], 0, half);
            if (half > 1) {
                NDArray decay = decays.get(":, {}", level++);
                right = right.mul(half(decay, 1, half));
                left = left.mul(half(decay, 0, half));
            }
            NDArray p = right.matMul(left.swapAxes(1, 2));
            NDArray blocks = a.reshape(-1, 2, half, half);
            a = blocks.get(":, 0").concat(p.zerosLike(), 2).concat(p.concat(blocks.get(":, 1"), 2), 1);
        }
        long chunks = length / size;
        NDArray kv = c[1].mul(decays.get(":, -1")).swapAxes(1, 2).matMul(c[2]).reshape(batch, heads, chunks, n, n);
        NDArray whole1 = c[3].sum(new int[] {1}).exp().reshape(batch, heads, chunks, n, 1);
        NDArray s = state;
        NDList states = new NDList();
        for (long i = 0; i < chunks; i++) {
            states.add(s.expandDims(2));
            s = whole1.get(":, :, {}", i).mul(s).add(kv.get(":, :, {}", i));
        }
        NDArray before = joined(states, 2).reshape(-1, n, n);
        NDArray y = c[0].mul(decays.get(":, -2")).matMul(before).add(a.matMul(c[2]));
        return new NDList(
                y.reshape(batch, heads, length, n)
                        .get(":, :, :{}", tokens)
                        .swapAxes(1, 2)
                        .reshape(shape),
                s);
    }

    /** DJL concatenates a single array by a copy that no gradient passes. */
    private static NDArray joined(NDList parts, int axis) {
        return parts.size() == 1 ? parts.get(0) : NDArrays.concat(parts, axis);
    }

    /** The left (0) or right (1) half of each block of two halves: [chunks, size, n] to [blocks, half, n]. */
    private static NDArray half(NDArray x, int which, long half) {
        return x.reshape(-1, 2, half, x.getShape().get(2)).get(":, {}", which);
    }

    /** The 0/1 matrices whose products with l are the sums that rwkv6.py names, [sums * size, size]. */
    private static NDArray sums(NDArray like, int size) {
        NDManager manager = like.getManager();
        NDArray column = manager.arange(size).reshape(1, size);
        NDArray row = manager.arange(size).reshape(size, 1);
        NDArray before = column.lt(row);
        NDArray after = column.gt(row);
        NDList sums = new NDList();
        for (int half = 2; half < size; half *= 2) {
            NDArray blockOfRow = row.toType(DataType.FLOAT32, false).div(half).floor();
            NDArray blockOfColumn =
                    column.toType(DataType.FLOAT32, false).div(half).floor();
            NDArray right = blockOfRow.mod(2).eq(1);
            NDArray inside =
                    right.logicalAnd(before).logicalOr(right.logicalNot().logicalAnd(after));
            sums.add(blockOfRow.eq(blockOfColumn).logicalAnd(inside));
        }
        sums.add(before);
        sums.add(after);
        return NDArrays.concat(sums, 0).toType(like.getDataType(), false);
    }

    @Override
    public NDList attend(
            NDArray r,
            NDArray k,
            NDArray v,
            NDArray g,
            NDArray z,
            NDArray u,
            NDArray state,
            NDArray weight,
            NDArray bias,
            double eps) {
        Form form = r.getShape().get(1) == 1 ? Form.SCAN : Form.CHUNKED;
        NDList results = wkv(form, r, k, v, z, u, state);
        Shape shape = r.getShape();
        Shape head = new Shape(u.getShape().get(1));
        NDArray heads =
                results.get(0).reshape(shape.get(0), shape.get(1), u.getShape().get(0), head.get(0));
        NDArray ones = r.getManager().ones(head, r.getDataType());
        NDArray normed = LayerNorm.layerNorm(heads, head, ones, ones.zerosLike(), (float) eps)
                .singletonOrThrow()
                .reshape(shape);
        NDArray silu = g.mul(Activation.sigmoid(g));
        return new NDList(normed.mul(weight).add(bias).mul(silu), results.get(1));
    }

    @Override
    public NDList mixChannels(NDArray x, NDArray shift, NDArray maaK, NDArray maaR) {
        NDArray d = shifted(x, shift);
        return new NDList(x.add(d.mul(maaK)), x.add(d.mul(maaR)));
    }

    @Override
    public NDArray squaredRelu(NDArray x) {
        NDArray positive = Activation.relu(x);
        return positive.mul(positive);
    }

    @Override
    public NDArray gated(NDArray gate, NDArray x) {
        return Activation.sigmoid(gate).mul(x);
    }
}
