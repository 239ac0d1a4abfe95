package org.bonepeft.djl.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import org.bonepeft.djl.backend.Scalars;
import org.bonepeft.djl.model.CausalLm;

/**
 * What is minimized: {@code sum_i loss_i / sum_i 1}, the sums over all terms of all micro-batches of a step.
 *
 * @param <M> the model
 * @param <B> the micro-batch
 */
@FunctionalInterface
public interface Objective<M, B extends MicroBatch> {
    /**
     * Returns the sum of the losses of a micro-batch, of which there are {@link MicroBatch#weight}; a scalar that
     * backward can start from.
     */
    NDArray sum(M model, B batch, Pass pass);

    /** Returns the objective of a language model: the cross entropy of each token that has a label. */
    static <M extends Block & CausalLm> Objective<M, TokenBatch> nextToken() {
        return (model, batch, pass) -> {
            NDArray ids = pass.manager().create(batch.ids());
            NDList inputs = new NDList(ids, pass.manager().create(batch.mask()));
            NDArray labels = pass.manager().create(batch.labels());
            NDArray mean = model.loss(pass.store(), inputs, labels, pass.training());
            return Scalars.times(mean, batch.weight());
        };
    }
}
