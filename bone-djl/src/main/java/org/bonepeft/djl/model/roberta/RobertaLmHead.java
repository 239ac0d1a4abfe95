package org.bonepeft.djl.model.roberta;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import org.bonepeft.djl.model.ModelBlock;

/**
 * {@code E layer_norm(gelu(dense(x))) + bias}, E the word embedding (vocabulary, hidden) of the encoder.
 *
 * <p>Inputs: x [.., hidden] and E. Output [.., vocabulary].
 */
final class RobertaLmHead extends ModelBlock {
    private static final String DENSE = "dense";
    private static final String NORM = "layer_norm";
    private static final String BIAS = "bias";

    private final RobertaConfig config;

    RobertaLmHead(RobertaConfig config) {
        this.config = config;
        addLinear(DENSE, config.hiddenSize(), config.hiddenSize(), true);
        addLayerNorm(NORM, config.hiddenSize());
        addTensor(BIAS, Parameter.Type.BIAS, config.vocabSize());
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
        NDArray dense = Activation.gelu(call(store, DENSE, training, inputs.get(0)));
        NDArray normed = layerNorm(store, NORM, dense, config.layerNormEps(), training);
        return Linear.linear(normed, inputs.get(1), tensor(store, BIAS, normed, training));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
        return new Shape[] {inputs[0].slice(0, inputs[0].dimension() - 1).add(config.vocabSize())};
    }
}
