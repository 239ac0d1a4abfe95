package org.bonepeft.djl.model.rwkv6;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import org.bonepeft.djl.torch.TorchEngine;

/**
 * What RWKV-6 needs beside linears and norms. {@link #of} gives one native call for each method where the engine is
 * PyTorch, {@link #composed} the same in DJL's own operations. All are differentiable in all arguments; results belong
 * to the manager of the first one. C is the hidden size, H heads of N make the attention size.
 */
public interface Rwkv6Kernels {
    /** The ways to compute the recurrence, which differ in rounding, time and memory alone. */
    enum Form {
        /** Token by token: time and, with gradients, memory for a state in every step. */
        SCAN,
        /** Chunks of up to 32 tokens by matrix products: much faster, memory proportional to tokens. */
        CHUNKED
    }

    /** The fastest kernels for arrays of this manager's engine. */
    static Rwkv6Kernels of(NDManager manager) {
        return TorchEngine.serves(manager) ? TorchRwkv6Kernels.INSTANCE : composed();
    }

    /** The kernels made of DJL's own operations. */
    static Rwkv6Kernels composed() {
        return ComposedRwkv6Kernels.INSTANCE;
    }

    /**
     * The data-dependent token shift of attention: with {@code d_t = x_(t-1) - x_t} and {@code p = tanh((x + d maa_x)
     * maa_w1)} in five parts, {@code x^j = x + d (maa_j + p^j maa_w2[j])}; and the exponent of the decay, {@code
     * time_decay + tanh(x^w decay_w1) decay_w2}.
     *
     * @param x normalised, [batch, tokens, C]
     * @param shift x before the first token, [batch, C]
     * @param parameters maa_x, maa_w, maa_k, maa_v, maa_r, maa_g, maa_w1, maa_w2, time_decay, decay_w1, decay_w2
     * @return x^r, x^k, x^v, x^g and the exponent, each [batch, tokens, C or H N]
     */
    NDList mix(NDArray x, NDArray shift, NDList parameters);

    /**
     * The recurrence: for each head, with {@code w_t = exp(-exp(z_t))} and a state S [key, value],
     *
     * <pre>
     * y_t = r_t (S + diag(u) k_t^T v_t);   S = diag(w_t) S + k_t^T v_t
     * </pre>
     *
     * @param r receptance, [batch, tokens, H N], as k and v
     * @param z exponent of the decay, [batch, tokens, H N]; above 10, where w is 0 anyway, it has no gradient
     * @param u bonus of the present token, [H, N]
     * @param state S before the first token, [batch, H, N, N]
     * @return y [batch, tokens, H N] and the state after the last token
     */
    NDList wkv(Form form, NDArray r, NDArray k, NDArray v, NDArray z, NDArray u, NDArray state);

    /**
     * Attention without its linears: {@code (groupnorm_heads(wkv) weight + bias) silu(g)}, in one call; {@link
     * Form#CHUNKED} but for a single token.
     *
     * @param g gate before silu, [batch, tokens, H N]
     * @param weight of the norm over each head, [H N], as bias
     * @return the output before the last linear, [batch, tokens, H N], and the state after the last token
     */
    NDList attend(
            NDArray r,
            NDArray k,
            NDArray v,
            NDArray g,
            NDArray z,
            NDArray u,
            NDArray state,
            NDArray weight,
            NDArray bias,
            double eps);

    /**
     * The token shift of the feed-forward part: {@code x + d maa_k} and {@code x + d maa_r} with {@code d_t = x_(t-1) -
     * x_t}.
     *
     * @param x normalised, [batch, tokens, C]
     * @param shift x before the first token, [batch, C]
     */
    NDList mixChannels(NDArray x, NDArray shift, NDArray maaK, NDArray maaR);

    /** {@code max(x, 0)^2}. */
    NDArray squaredRelu(NDArray x);

    /** {@code sigmoid(gate) x}. */
    NDArray gated(NDArray gate, NDArray x);
}
