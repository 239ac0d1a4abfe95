package org.bonepeft.djl.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.loss.Loss;
import org.bonepeft.djl.torch.Kernels;

/**
 * {@code -mean(log softmax(logits)[label])} over the positions that have a label, as PyTorch's {@code cross_entropy}:
 * positions labelled {@link #IGNORED} count neither in the sum nor in the mean. Without any label the loss is 0.
 */
public final class CrossEntropyLoss extends Loss {
    /** The label of a position that takes no part in the loss. */
    public static final long IGNORED = -100;

    /** Creates the loss. */
    public CrossEntropyLoss() {
        super("CrossEntropyLoss");
    }

    @Override
    public NDArray evaluate(NDList labels, NDList predictions) {
        return of(predictions.singletonOrThrow(), labels.singletonOrThrow());
    }

    /**
     * Returns the mean negative log-likelihood, a scalar on the manager of {@code logits}.
     *
     * @param logits [.., classes]
     * @param labels [..], INT64: a class or {@link #IGNORED}
     */
    public static NDArray of(NDArray logits, NDArray labels) {
        NDArray sum = Kernels.of(logits.getManager()).crossEntropy(logits, labels, IGNORED, Kernels.Reduction.SUM);
        NDArray count =
                labels.neq(IGNORED).toType(DataType.FLOAT32, false).sum().maximum(1);
        return sum.div(count);
    }
}
