package org.bonepeft.djl.model.llama;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.bonepeft.djl.torch.Attention;
import org.bonepeft.djl.torch.Kernels;
import org.bonepeft.djl.torch.LayerScript;
import org.bonepeft.djl.torch.ScriptText;
import org.bonepeft.djl.torch.TorchEngine;
import org.bonepeft.djl.torch.TorchModule;

/**
 * {@code softmax(R(q) R(k)^T / sqrt(d) + mask) v} for each head of d features, R the rotation by position: one native
 * call where the engine is PyTorch, else op by op.
 *
 * @param cos [tokens, d] or [batch, 1, tokens, d]
 * @param sin as cos, its first half negative, see {@link RotaryTable#rows}
 * @param mask true where a query may see a key, [batch or 1, 1, queries, keys]; without it there are as many queries as
 *     keys and each sees those up to its own, or there is one query, the last
 * @param dropout the share of attention weights set to zero
 */
record RotaryAttention(NDArray cos, NDArray sin, Optional<NDArray> mask, double dropout) {
    /** The methods' text. */
    static final String SCRIPT = ScriptText.of(RotaryAttention.class, "attention.py");

    private static final class Script {
        static final TorchModule MODULE = TorchModule.compile(SCRIPT);
    }

    /**
     * Attends to the tokens given and to those in the cache, which gets the new ones.
     *
     * @param q [batch, tokens, heads * d]
     * @param k [batch, tokens, groups * d]; each group serves heads / groups consecutive heads
     * @param v as k
     * @return as q
     */
    NDArray attend(NDArray q, NDArray k, NDArray v, Optional<LayerCache> cache) {
        NDArray y = TorchEngine.serves(q.getManager()) ? fused(q, k, v, cache) : composed(q, k, v, cache);
        cache.ifPresent(seen -> seen.added(k.getShape().get(1)));
        return y;
    }

    /**
     * Calls a method of a layer that attends.
     *
     * @param x the layer's input [batch, tokens, hidden]
     * @param p the layer's weights
     * @return as x
     */
    NDArray call(LayerScript.Filled layer, String method, NDArray x, List<NDArray> p) {
        return inputs(layer.method(named(method)).tensor(x))
                .list(p)
                .number(dropout)
                .run()
                .singletonOrThrow();
    }

    /**
     * Calls a method of a layer that attends to the tokens given and to those in the cache, which gets the new ones.
     *
     * @param groups the number of key heads
     */
    NDArray call(LayerScript.Filled layer, String method, NDArray x, List<NDArray> p, LayerCache cache, long groups) {
        NDArray y = inputs(layer.method(named(method)).tensor(x))
                .tensor(cache.keys(() -> room(x, groups, cache)))
                .tensor(cache.values(() -> room(x, groups, cache)))
                .list(p)
                .number(cache.tokens())
                .run()
                .singletonOrThrow();
        cache.added(x.getShape().get(1));
        return y;
    }

    private String named(String method) {
        return method + (mask.isPresent() ? "_masked" : "");
    }

    private TorchModule.Call inputs(TorchModule.Call call) {
        call.tensor(cos).tensor(sin);
        mask.ifPresent(call::tensor);
        return call;
    }

    private NDArray fused(NDArray q, NDArray k, NDArray v, Optional<LayerCache> cache) {
        String method = "attend" + (cache.isPresent() ? "_cached" : "") + (mask.isPresent() ? "_masked" : "");
        TorchModule.Call call = Script.MODULE
                .method(method)
                .tensor(q)
                .tensor(k)
                .tensor(v)
                .tensor(cos)
                .tensor(sin);
        mask.ifPresent(call::tensor);
        cache.ifPresentOrElse(
                seen -> call.tensor(seen.keys(() -> room(k, groups(k), seen)))
                        .tensor(seen.values(() -> room(v, groups(v), seen)))
                        .number(seen.tokens()),
                () -> call.number(dropout));
        return call.run().singletonOrThrow();
    }

    private long groups(NDArray k) {
        return k.getShape().get(2) / cos.getShape().get(cos.getShape().dimension() - 1);
    }

    private NDArray room(NDArray like, long groups, LayerCache cache) {
        return Script.MODULE
                .method("room")
                .tensor(like)
                .tensor(cos)
                .number(groups)
                .number(cache.capacity())
                .run()
                .singletonOrThrow();
    }

    /** The same in DJL's operations. */
    NDArray composed(NDArray q, NDArray k, NDArray v, Optional<LayerCache> cache) {
        Kernels kernels = Kernels.composed();
        NDArray queries = turned(heads(q));
        NDArray keys = turned(heads(k));
        NDArray values = heads(v);
        if (cache.isPresent()) {
            LayerCache seen = cache.get();
            Shape shape = keys.getShape();
            Shape room = new Shape(shape.get(0), shape.get(1), seen.capacity(), shape.get(3));
            NDArray like = keys;
            keys = appended(seen.keys(() -> like.getManager().zeros(room, like.getDataType())), keys, seen.tokens());
            values = appended(
                    seen.values(() -> like.getManager().zeros(room, like.getDataType())), values, seen.tokens());
        }
        boolean causal = mask.isEmpty() && queries.getShape().get(2) > 1;
        Attention how = new Attention(mask, causal, OptionalDouble.empty(), dropout);
        return kernels.attention(queries, keys, values, how).swapAxes(1, 2).reshape(q.getShape());
    }

    private NDArray turned(NDArray x) {
        NDList halves = x.split(2, 3);
        return x.mul(cos).add(halves.get(1).concat(halves.get(0), 3).mul(sin));
    }

    private NDArray heads(NDArray x) {
        Shape shape = x.getShape();
        long size = cos.getShape().get(cos.getShape().dimension() - 1);
        return x.reshape(shape.get(0), shape.get(1), -1, size).swapAxes(1, 2);
    }

    private static NDArray appended(NDArray cache, NDArray more, long at) {
        long end = at + more.getShape().get(2);
        cache.set(new NDIndex(":, :, {}:{}", at, end), more);
        NDArray all = cache.get(":, :, :{}", end);
        all.attach(more.getManager());
        return all;
    }
}
