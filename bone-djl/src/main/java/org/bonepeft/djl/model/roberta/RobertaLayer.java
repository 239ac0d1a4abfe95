package org.bonepeft.djl.model.roberta;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import org.bonepeft.djl.model.Attention;
import org.bonepeft.djl.model.ModelBlock;

/**
 * {@code a = LayerNorm(x + O attention(Q x, K x, V x))}, then {@code LayerNorm(a + D act(I a))}: the norms come after the
 * sums, as in BERT.
 *
 * <p>Inputs: x [batch, tokens, hidden] and, if there is padding, the mask that is added to the scores. Output like x.
 */
final class RobertaLayer extends ModelBlock {
    private static final String QUERY = "attention.self.query";
    private static final String KEY = "attention.self.key";
    private static final String VALUE = "attention.self.value";
    private static final String ATTENTION_OUTPUT = "attention.output.dense";
    private static final String ATTENTION_NORM = "attention.output.LayerNorm";
    private static final String INTERMEDIATE = "intermediate.dense";
    private static final String OUTPUT = "output.dense";
    private static final String NORM = "output.LayerNorm";

    private final RobertaConfig config;

    RobertaLayer(RobertaConfig config) {
        this.config = config;
        int hidden = config.hiddenSize();
        addLinear(QUERY, hidden, hidden, true);
        addLinear(KEY, hidden, hidden, true);
        addLinear(VALUE, hidden, hidden, true);
        addLinear(ATTENTION_OUTPUT, hidden, hidden, true);
        addLayerNorm(ATTENTION_NORM, hidden);
        addLinear(INTERMEDIATE, hidden, config.intermediateSize(), true);
        addLinear(OUTPUT, config.intermediateSize(), hidden, true);
        addLayerNorm(NORM, hidden);
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
        NDArray x = inputs.get(0);
        NDArray heads = Attention.attend(
                call(store, QUERY, training, x),
                call(store, KEY, training, x),
                call(store, VALUE, training, x),
                config.heads(),
                inputs.size() > 1 ? inputs.get(1) : null,
                training ? config.attentionDropout() : 0);
        NDArray attended =
                addAndNorm(store, x, call(store, ATTENTION_OUTPUT, training, heads), ATTENTION_NORM, training);
        NDArray inner = config.activation().apply(call(store, INTERMEDIATE, training, attended));
        return new NDList(addAndNorm(store, attended, call(store, OUTPUT, training, inner), NORM, training));
    }

    private NDArray addAndNorm(ParameterStore store, NDArray x, NDArray change, String norm, boolean training) {
        NDArray sum = dropout(change, config.hiddenDropout(), training).add(x);
        return layerNorm(store, norm, sum, config.layerNormEps(), training);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
        return new Shape[] {inputs[0]};
    }
}
