package org.bonepeft.djl.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.loss.Loss;

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
        long classes = logits.getShape().get(logits.getShape().dimension() - 1);
        NDArray logLikelihoods = logits.reshape(-1, classes).logSoftmax(-1);
        NDArray flat = labels.reshape(-1, 1);
        NDArray counts = flat.neq(IGNORED).toType(logits.getDataType(), false);
        NDArray picked = logLikelihoods.gather(flat.maximum(0).toType(DataType.INT64, false), 1);
        return picked.mul(counts).sum().neg().div(counts.sum().maximum(1));
    }
}
