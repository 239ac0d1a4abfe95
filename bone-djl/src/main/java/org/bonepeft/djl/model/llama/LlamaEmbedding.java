package org.bonepeft.djl.model.llama;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import org.bonepeft.djl.model.ModelBlock;

/** {@code weight[id]}, weight (vocabulary, hidden). Input: ids [batch, tokens]. Output [batch, tokens, hidden]. */
final class LlamaEmbedding extends ModelBlock {
    private static final String WEIGHT = "weight";

    private final int hidden;

    LlamaEmbedding(int vocabulary, int hidden) {
        this.hidden = hidden;
        addTensor(WEIGHT, Parameter.Type.WEIGHT, vocabulary, hidden);
    }

    NDArray weight(ParameterStore store, NDArray x, boolean training) {
        return tensor(store, WEIGHT, x, training);
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
        NDArray ids = inputs.singletonOrThrow();
        return ids.getNDArrayInternal().embedding(ids, weight(store, ids, training), SparseFormat.DENSE);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
        return new Shape[] {inputs[0].add(hidden)};
    }
}
