package org.bonepeft.djl.torch;

import ai.djl.ndarray.NDArray;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * How queries attend to keys: {@code softmax(scale q k^T + mask) v}.
 *
 * @param mask broadcast to {@code [batch, heads, queries, keys]}: boolean, true where a query may attend, or numbers
 *     that are added to the scores; a query whose boolean mask allows no key gets zeros
 * @param causal whether query i of t may attend to keys j of s with {@code j <= i + s - t} only, so that the last query
 *     sees all keys
 * @param scale by default 1 / sqrt(head size)
 * @param dropout the probability with which each attention weight is dropped
 */
public record Attention(Optional<NDArray> mask, boolean causal, OptionalDouble scale, double dropout) {
    /** Every query attends to every key. */
    public static final Attention FULL = new Attention(Optional.empty(), false, OptionalDouble.empty(), 0);

    /** Every query attends to the keys up to its own position. */
    public static final Attention CAUSAL = new Attention(Optional.empty(), true, OptionalDouble.empty(), 0);

    /** Returns this with a mask. */
    public Attention withMask(NDArray allowedOrAdded) {
        return new Attention(Optional.of(allowedOrAdded), causal, scale, dropout);
    }

    /** Returns this with another scale. */
    public Attention withScale(double factor) {
        return new Attention(mask, causal, OptionalDouble.of(factor), dropout);
    }

    /** Returns this with dropout of attention weights. */
    public Attention withDropout(double rate) {
        return new Attention(mask, causal, scale, rate);
    }

    double scaleFor(NDArray q) {
        long[] shape = q.getShape().getShape();
        return scale.orElse(1 / Math.sqrt((double) shape[shape.length - 1]));
    }
}
