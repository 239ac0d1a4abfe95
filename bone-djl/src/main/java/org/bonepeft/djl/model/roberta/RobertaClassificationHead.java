package org.bonepeft.djl.model.roberta;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import org.bonepeft.djl.model.ModelBlock;

/**
 * {@code out_proj(dropout(tanh(dense(dropout(x_0)))))}, x_0 the hidden state of the first token.
 *
 * <p>Input: x [batch, tokens, hidden], of which the first token is read. Output: logits [batch, labels].
 */
final class RobertaClassificationHead extends ModelBlock {
    private static final String DENSE = "dense";
    private static final String OUTPUT = "out_proj";

    private final RobertaConfig config;

    RobertaClassificationHead(RobertaConfig config) {
        this.config = config;
        addLinear(DENSE, config.hiddenSize(), config.hiddenSize(), true);
        addLinear(OUTPUT, config.hiddenSize(), config.labels().size(), true);
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
        NDArray first = dropout(inputs.singletonOrThrow().get(":, 0"), config.classifierDropout(), training);
        NDArray dense = dropout(call(store, DENSE, training, first).tanh(), config.classifierDropout(), training);
        return new NDList(call(store, OUTPUT, training, dense));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
        return new Shape[] {new Shape(inputs[0].get(0), config.labels().size())};
    }
}
