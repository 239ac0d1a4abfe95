package org.bonepeft.djl.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.bonepeft.djl.torch.Kernels;
import org.jspecify.annotations.Nullable;

/**
 * Multi-head scaled dot-product attention (Vaswani et al. 2017, section 3.2), for blocks whose heads lie
 * side by side in the hidden dimension.
 */
public final class Attention {
    private Attention() {}

    /**
     * {@code softmax(q k^T / sqrt(d) + mask) v} for each of the heads, d = hidden / heads.
     *
     * @param q queries [batch, tokens, hidden]
     * @param k keys [batch, keys, hidden]
     * @param v values, shaped like k
     * @param mask added to the scores before the softmax, broadcast to [batch, heads, tokens, keys]
     * @param dropout the share of attention weights set to zero; 0 outside training
     * @return shaped like q
     */
    public static NDArray attend(NDArray q, NDArray k, NDArray v, int heads, @Nullable NDArray mask, double dropout) {
        org.bonepeft.djl.torch.Attention how = org.bonepeft.djl.torch.Attention.FULL.withDropout(dropout);
        return Kernels.of(q.getManager())
                .attention(
                        byHead(q, heads), byHead(k, heads), byHead(v, heads), mask == null ? how : how.withMask(mask))
                .transpose(0, 2, 1, 3)
                .reshape(q.getShape());
    }

    private static NDArray byHead(NDArray x, int heads) {
        Shape shape = x.getShape();
        return x.reshape(shape.get(0), shape.get(1), heads, shape.get(2) / heads)
                .transpose(0, 2, 1, 3);
    }

    /**
     * Returns the mask that hides padding: 0 where {@code present} is 1, the most negative float32 where it is 0.
     *
     * @param present [batch, tokens], of any type; 1 marks a token, 0 padding
     * @return [batch, 1, 1, tokens], on the manager and device of {@code present}
     */
    public static NDArray paddingMask(NDArray present) {
        Shape shape = present.getShape();
        return present.toType(DataType.FLOAT32, false)
                .sub(1)
                .mul(Float.MAX_VALUE)
                .reshape(shape.get(0), 1, 1, shape.get(1));
    }
}
