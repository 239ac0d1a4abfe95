package org.bonepeft.djl.model.roberta;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import org.bonepeft.djl.model.Attention;
import org.bonepeft.djl.model.LayerRunner;
import org.bonepeft.djl.model.ModelBlock;

/**
 * The encoder: embeddings, then {@code num_hidden_layers} layers (Liu et al. 2019).
 *
 * <p>Inputs: ids [batch, tokens]; optionally the attention mask [batch, tokens], 1 for a token and 0 for padding;
 * optionally token types [batch, tokens]. Without a mask every position is attended to. Output: the hidden states
 * [batch, tokens, hidden] of the last layer.
 *
 * <p>What a call makes belongs to the manager of the ids, and in training the inputs must stay open until the backward
 * pass is over: close both together, with an {@link ai.djl.ndarray.NDScope} around each step.
 */
public final class RobertaModel extends ModelBlock {
    private static final String EMBEDDINGS = "embeddings";
    private static final String LAYER = "encoder.layer.";

    private final RobertaConfig config;

    /** Creates the encoder without arrays. */
    public RobertaModel(RobertaConfig config) {
        this.config = config;
        addChild(EMBEDDINGS, new RobertaEmbeddings(config));
        for (int i = 0; i < config.layers(); i++) {
            addChild(LAYER + i, new RobertaLayer(config));
        }
    }

    /** Returns the word embedding, for the head that is tied to it. */
    NDArray words(ParameterStore store, NDArray x, boolean training) {
        return ((RobertaEmbeddings) child(EMBEDDINGS)).words(store, x, training);
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
        NDArray ids = inputs.get(0).toType(DataType.INT64, false);
        NDArray types = inputs.size() > 2 ? inputs.get(2) : ids.zerosLike();
        NDArray hidden = call(store, EMBEDDINGS, training, ids, types);
        NDList mask = inputs.size() > 1 ? new NDList(Attention.paddingMask(inputs.get(1))) : new NDList();
        for (int i = 0; i < config.layers(); i++) {
            NDList states = new NDList(hidden);
            states.addAll(mask);
            boolean last = i == config.layers() - 1;
            NDArray next = LayerRunner.forward(child(LAYER + i), store, states, training, last ? params : null)
                    .singletonOrThrow();
            hidden = LayerRunner.passed(hidden, next);
        }
        return new NDList(hidden);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
        return new Shape[] {inputs[0].add(config.hiddenSize())};
    }
}
