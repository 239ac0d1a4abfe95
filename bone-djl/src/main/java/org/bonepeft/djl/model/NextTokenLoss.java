package org.bonepeft.djl.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.bonepeft.djl.torch.Kernels;

/** The loss of {@link CausalLm#loss}: the label of a token is what the token before should have told. */
public final class NextTokenLoss {
    private NextTokenLoss() {}

    /**
     * Returns the loss of the logits {@code hidden weight^T}, which never exist all at once.
     *
     * @param hidden [batch, tokens, size]
     * @param weight [vocabulary, size]
     * @param labels [batch, tokens]
     */
    public static NDArray of(NDArray hidden, NDArray weight, NDArray labels) {
        int chunk = Kernels.chunkRows(weight.getShape().get(0));
        return Kernels.of(hidden.getManager())
                .linearCrossEntropy(
                        hidden, weight, next(hidden, labels), CrossEntropyLoss.IGNORED, Kernels.Reduction.MEAN, chunk);
    }

    /** Returns the loss of logits [batch, tokens, vocabulary]. */
    public static NDArray of(NDArray logits, NDArray labels) {
        return Kernels.of(logits.getManager())
                .crossEntropy(logits, next(logits, labels), CrossEntropyLoss.IGNORED, Kernels.Reduction.MEAN);
    }

    private static NDArray next(NDArray owner, NDArray labels) {
        NDArray last = owner.getManager()
                .full(new Shape(labels.getShape().get(0), 1), (float) CrossEntropyLoss.IGNORED, DataType.INT64);
        return labels.get(":, 1:").concat(last, 1);
    }
}
