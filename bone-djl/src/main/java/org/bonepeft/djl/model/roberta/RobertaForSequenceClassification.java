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
import java.util.List;
import java.util.Random;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.HfWeights;
import org.bonepeft.djl.model.ModelBlock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * RoBERTa with the head that classifies whole sequences by the hidden state of their first token.
 *
 * <p>Inputs as {@link RobertaModel}. Output: logits [batch, labels]. Train it with {@link
 * org.bonepeft.djl.model.CrossEntropyLoss}.
 */
public final class RobertaForSequenceClassification extends ModelBlock {
    private static final Logger LOG = LoggerFactory.getLogger(RobertaForSequenceClassification.class);
    private static final String ARCHITECTURE = "RobertaForSequenceClassification";

    private final RobertaConfig config;
    private List<String> fresh = List.of();

    /** Creates the model without arrays: enough to ask for {@link #linears()}. */
    public RobertaForSequenceClassification(RobertaConfig config) {
        if (config.labels().size() < 2) {
            throw new BoneException("id2label " + config.labels()
                    + " has one class, which means regression; expected two classes or more");
        }
        this.config = config;
        addChild(RobertaFiles.ENCODER, new RobertaModel(config));
        addChild(RobertaFiles.CLASSIFIER, new RobertaClassificationHead(config));
    }

    /** Creates an untrained model: weights from N(0, initializerRange^2), the same for the same seed; biases zero. */
    public static RobertaForSequenceClassification create(RobertaConfig config, NDManager manager, long seed) {
        RobertaForSequenceClassification model = new RobertaForSequenceClassification(config);
        model.initialize(manager, seed);
        return model;
    }

    /** Loads a Hugging Face directory with the classes that its {@code config.json} names. */
    public static RobertaForSequenceClassification load(Path directory, NDManager manager, long seed)
            throws IOException {
        return load(directory, RobertaConfig.read(directory), manager, seed);
    }

    /**
     * Loads a Hugging Face directory; the arrays belong to {@code manager} and lie on its device. If it holds a
     * pretrained model without classifier, the classifier is made as by {@link #create}, see {@link #freshTensors()}.
     *
     * @param config {@link RobertaConfig#read} of the directory, perhaps with other labels
     * @throws BoneException naming the config key or tensor that does not fit
     * @throws IOException if a file cannot be read
     */
    public static RobertaForSequenceClassification load(
            Path directory, RobertaConfig config, NDManager manager, long seed) throws IOException {
        RobertaForSequenceClassification model = new RobertaForSequenceClassification(config);
        model.fresh = HfWeights.load(model, directory, manager, RobertaFiles.CLASSIFICATION);
        if (!model.fresh.isEmpty()) {
            LOG.info("{} has no classifier; {} start untrained", directory, model.fresh);
        }
        model.initialize(manager, seed);
        return model;
    }

    private void initialize(NDManager manager, long seed) {
        setInitializer(HfWeights.normal(new Random(seed), config.initializerRange()), Parameter.Type.WEIGHT);
        initialize(manager, DataType.FLOAT32, new Shape(1, 1));
    }

    /** Writes {@code config.json} and {@code model.safetensors}; of an adapted model the base and the classifier. */
    public void save(Path directory) throws IOException {
        HfWeights.save(
                this,
                new RobertaForSequenceClassification(config).tensors().keySet(),
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

    /** Returns the tensors that the loaded directory did not have: none, or all of the classifier. */
    public List<String> freshTensors() {
        return fresh;
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
        try (NDArray hidden = child(RobertaFiles.ENCODER)
                .forward(store, inputs, training, RobertaLayer.FIRST_TOKEN)
                .singletonOrThrow()) {
            return new NDList(call(store, RobertaFiles.CLASSIFIER, training, hidden));
        }
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
        return new Shape[] {new Shape(inputs[0].get(0), config.labels().size())};
    }
}
