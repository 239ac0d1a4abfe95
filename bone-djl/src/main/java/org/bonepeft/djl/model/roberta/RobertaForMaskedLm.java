package org.bonepeft.djl.model.roberta;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.HfWeights;
import org.bonepeft.djl.model.ModelBlock;

/**
 * RoBERTa with the head that guesses masked tokens; its last linear is the word embedding.
 *
 * <p>Inputs as {@link RobertaModel}. Output: logits [batch, tokens, vocabulary]. Train it with {@link
 * org.bonepeft.djl.model.CrossEntropyLoss}.
 */
public final class RobertaForMaskedLm extends ModelBlock {
    private static final String ARCHITECTURE = "RobertaForMaskedLM";
    private static final String HEAD = "lm_head";

    private final RobertaConfig config;

    /** Creates the model without arrays: enough to ask for {@link #linears()}. */
    public RobertaForMaskedLm(RobertaConfig config) {
        this.config = config;
        addChild(RobertaFiles.ENCODER, new RobertaModel(config));
        addChild(HEAD, new RobertaLmHead(config));
    }

    /** Creates an untrained model: weights from N(0, initializerRange^2), the same for the same seed; biases zero. */
    public static RobertaForMaskedLm create(RobertaConfig config, NDManager manager, long seed) {
        RobertaForMaskedLm model = new RobertaForMaskedLm(config);
        model.setInitializer(HfWeights.normal(new Random(seed), config.initializerRange()), Parameter.Type.WEIGHT);
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        return model;
    }

    /**
     * Loads a Hugging Face directory; the arrays belong to {@code manager} and lie on its device.
     *
     * @throws BoneException naming the config key or tensor that does not fit
     * @throws IOException if a file cannot be read
     */
    public static RobertaForMaskedLm load(Path directory, NDManager manager) throws IOException {
        RobertaForMaskedLm model = new RobertaForMaskedLm(RobertaConfig.read(directory));
        HfWeights.load(model, directory, manager, RobertaFiles.MASKED_LM);
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        return model;
    }

    /** Writes {@code config.json} and {@code model.safetensors}; of an adapted model the base alone. */
    public void save(Path directory) throws IOException {
        HfWeights.save(
                this,
                new RobertaForMaskedLm(config).tensors().keySet(),
                RobertaConfigFile.toJson(config, ARCHITECTURE),
                directory);
    }

    /** Returns the configuration. */
    public RobertaConfig config() {
        return config;
    }

    /** Returns the encoder without the head. */
    public RobertaModel encoder() {
        return (RobertaModel) child(RobertaFiles.ENCODER);
    }

    /**
     * The logits at some positions only: the head is most of the work where the vocabulary is large, and training looks
     * at one token in seven.
     *
     * @param inputs as {@link RobertaModel}
     * @param positions [n], INT64: sequence * tokens + token
     * @return [n, vocabulary]
     */
    public NDArray logitsAt(ParameterStore store, NDList inputs, NDArray positions, boolean training) {
        NDArray hidden = call(store, RobertaFiles.ENCODER, training, inputs);
        return head(store, hidden.reshape(-1, config.hiddenSize()).get(positions), training);
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
        return new NDList(head(store, call(store, RobertaFiles.ENCODER, training, inputs), training));
    }

    private NDArray head(ParameterStore store, NDArray hidden, boolean training) {
        return call(store, HEAD, training, hidden, encoder().words(store, hidden, training));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
        return new Shape[] {inputs[0].add(config.vocabSize())};
    }
}
