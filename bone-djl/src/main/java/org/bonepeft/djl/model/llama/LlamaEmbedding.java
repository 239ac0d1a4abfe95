package org.bonepeft.djl.model.llama;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import org.bonepeft.djl.model.ModelBlock;

/**
 * {@code weight[id]}, weight (vocabulary, hidden). Input: ids [batch, tokens]. Output [batch, tokens, hidden]. The row of
 * the padding is not trained here.
 */
final class LlamaEmbedding extends ModelBlock {
    private static final String WEIGHT = "weight";

    private final LlamaConfig config;

    LlamaEmbedding(LlamaConfig config) {
        this.config = config;
        addTensor(WEIGHT, Parameter.Type.WEIGHT, config.vocabSize(), config.hiddenSize());
    }

    NDArray weight(ParameterStore store, NDArray x, boolean training) {
        return tensor(store, WEIGHT, x, training);
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
        NDArray ids = inputs.singletonOrThrow();
        return new NDList(embedding(ids, weight(store, ids, training), config.padTokenId()));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
        return new Shape[] {inputs[0].add(config.hiddenSize())};
    }
}
