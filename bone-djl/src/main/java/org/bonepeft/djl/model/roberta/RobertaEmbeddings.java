package org.bonepeft.djl.model.roberta;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.OptionalInt;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.ModelBlock;

/**
 * {@code dropout(LayerNorm(word[id] + type[t] + position[p]))}, where the p-th token that is not padding has the position
 * pad_token_id + p, p from 1, and padding has pad_token_id. Neither word nor position of the padding is trained.
 *
 * <p>Inputs: ids [batch, tokens] and token types, shaped like ids. Output [batch, tokens, hidden].
 */
final class RobertaEmbeddings extends ModelBlock {
    private static final String WORDS = "word_embeddings.weight";
    private static final String POSITIONS = "position_embeddings.weight";
    private static final String TYPES = "token_type_embeddings.weight";
    private static final String NORM = "LayerNorm";

    private final RobertaConfig config;

    RobertaEmbeddings(RobertaConfig config) {
        this.config = config;
        addTensor(WORDS, Parameter.Type.WEIGHT, config.vocabSize(), config.hiddenSize());
        addTensor(POSITIONS, Parameter.Type.WEIGHT, config.maxPositions(), config.hiddenSize());
        addTensor(TYPES, Parameter.Type.WEIGHT, config.typeVocabSize(), config.hiddenSize());
        addLayerNorm(NORM, config.hiddenSize());
    }

    /** Returns the word embedding (vocabulary, hidden), which the masked-LM head uses as its last linear too. */
    NDArray words(ParameterStore store, NDArray x, boolean training) {
        return tensor(store, WORDS, x, training);
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
        NDArray ids = inputs.get(0);
        checkIds(ids);
        NDArray present = ids.neq(config.padTokenId()).toType(DataType.INT64, false);
        NDArray positions = present.cumSum(1).mul(present).add(config.padTokenId());
        OptionalInt padding = OptionalInt.of(config.padTokenId());
        try (NDArray word = embedding(ids, words(store, ids, training), padding);
                NDArray type = embedding(inputs.get(1), tensor(store, TYPES, ids, training), OptionalInt.empty());
                NDArray typed = word.add(type);
                NDArray position = embedding(positions, tensor(store, POSITIONS, ids, training), padding);
                NDArray sum = typed.add(position)) {
            NDArray normed = layerNorm(store, NORM, sum, config.layerNormEps(), training);
            return new NDList(dropout(normed, config.hiddenDropout(), training));
        }
    }

    private void checkIds(NDArray ids) {
        long tokens = ids.getShape().get(1);
        if (tokens > config.maxTokens()) {
            throw new BoneException("a sequence of " + tokens + " tokens does not fit: the model has positions for "
                    + config.maxTokens() + "; truncate it");
        }
        try (NDArray low = ids.min();
                NDArray high = ids.max()) {
            long outside = low.getLong() < 0 ? low.getLong() : high.getLong();
            if (outside < 0 || outside >= config.vocabSize()) {
                throw new BoneException("token id " + outside + " is outside the model's vocabulary of "
                        + config.vocabSize() + "; the tokenizer belongs to another model");
            }
        }
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
        return new Shape[] {inputs[0].add(config.hiddenSize())};
    }
}
