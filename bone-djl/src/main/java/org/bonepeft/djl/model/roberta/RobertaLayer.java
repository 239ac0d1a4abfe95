package org.bonepeft.djl.model.roberta;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import org.bonepeft.djl.model.Attention;
import org.bonepeft.djl.model.LayerRunner;
import org.bonepeft.djl.model.ModelBlock;
import org.jspecify.annotations.Nullable;

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
        NDArray mask = inputs.size() > 1 ? inputs.get(1) : null;
        try (NDArray attended = LayerRunner.part(inputs.get(0), x -> attend(store, x, mask, training))) {
            return new NDList(feedForward(store, attended, training));
        }
    }

    // What is closed here lives on as far as backward needs it.

    private NDArray attend(ParameterStore store, NDArray x, @Nullable NDArray mask, boolean training) {
        try (NDArray q = call(store, QUERY, training, x);
                NDArray k = call(store, KEY, training, x);
                NDArray v = call(store, VALUE, training, x);
                NDArray heads =
                        Attention.attend(q, k, v, config.heads(), mask, training ? config.attentionDropout() : 0);
                NDArray change = call(store, ATTENTION_OUTPUT, training, heads)) {
            return addAndNorm(store, x, change, ATTENTION_NORM, training);
        }
    }

    private NDArray feedForward(ParameterStore store, NDArray x, boolean training) {
        try (NDArray outer = call(store, INTERMEDIATE, training, x);
                NDArray inner = config.activation().apply(outer);
                NDArray change = call(store, OUTPUT, training, inner)) {
            return addAndNorm(store, x, change, NORM, training);
        }
    }

    private NDArray addAndNorm(ParameterStore store, NDArray x, NDArray change, String norm, boolean training) {
        try (NDArray dropped = dropout(change, config.hiddenDropout(), training);
                NDArray sum = dropped.add(x)) {
            return layerNorm(store, norm, sum, config.layerNormEps(), training);
        }
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
        return new Shape[] {inputs[0]};
    }
}
