package org.bonepeft.djl.model.llama;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.CausalLm;
import org.bonepeft.djl.model.HfWeights;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.djl.model.NextTokenLoss;
import org.bonepeft.djl.torch.Kernels;
import org.bonepeft.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * LLaMA, Mistral or Qwen2 with the head that tells the next token.
 *
 * <p>Inputs as {@link LlamaModel}. Output: logits [batch, tokens, vocabulary]. {@link #loss} trains it without ever
 * holding all logits.
 */
public final class LlamaForCausalLm extends ModelBlock implements CausalLm {
    private static final String MODEL = "model";
    private static final String HEAD = "lm_head";

    private final LlamaConfig config;

    /** Creates the model without arrays: enough to ask for {@link #linears()}. */
    public LlamaForCausalLm(LlamaConfig config) {
        this.config = config;
        addChild(MODEL, new LlamaModel(config));
        if (!config.tied()) {
            addLinear(HEAD, config.hiddenSize(), config.vocabSize(), false);
        }
    }

    /** Creates an untrained model: weights from N(0, initializerRange^2), the same for the same seed; biases zero. */
    public static LlamaForCausalLm create(LlamaConfig config, NDManager manager, long seed) {
        LlamaForCausalLm model = new LlamaForCausalLm(config);
        model.setInitializer(HfWeights.normal(new Random(seed), config.initializerRange()), Parameter.Type.WEIGHT);
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        return model;
    }

    /** Loads a Hugging Face directory in float32; see {@link #load(Path, NDManager, DType)}. */
    public static LlamaForCausalLm load(Path directory, NDManager manager) throws IOException {
        return load(directory, manager, DType.F32);
    }

    /**
     * Loads a Hugging Face directory; the arrays belong to {@code manager} and lie on its device. Tensors that have the
     * type in the file are mapped, not copied; see {@link HfWeights#map}.
     *
     * @param type of all weights: F32, or BF16 where the engine is PyTorch
     * @throws BoneException naming the config key or tensor that does not fit
     * @throws IOException if a file cannot be read
     */
    public static LlamaForCausalLm load(Path directory, NDManager manager, DType type) throws IOException {
        LlamaForCausalLm model = new LlamaForCausalLm(LlamaConfig.read(directory));
        HfWeights.map(model, directory, manager, model.rules(), type);
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        return model;
    }

    private HfWeights.Rules rules() {
        return new HfWeights.Rules(
                MODEL + ".",
                name -> name.endsWith("rotary_emb.inv_freq") || (config.tied() && name.equals(HEAD + ".weight")),
                name -> false);
    }

    /** Writes {@code config.json} and {@code model.safetensors}; of an adapted model the base alone. */
    public void save(Path directory) throws IOException {
        HfWeights.save(
                this,
                new LlamaForCausalLm(config).tensors().keySet(),
                LlamaConfigFile.toJson(config, decoder().isBfloat16() ? "bfloat16" : "float32"),
                directory);
    }

    /** Returns the configuration. */
    public LlamaConfig config() {
        return config;
    }

    /** Returns the decoder without the head. */
    public LlamaModel decoder() {
        return (LlamaModel) child(MODEL);
    }

    @Override
    public int vocabSize() {
        return config.vocabSize();
    }

    @Override
    public int maxPositions() {
        return config.maxPositions();
    }

    /** Starts sequences with a cache of keys and values, in arrays with room for {@code maxTokens} each. */
    @Override
    public Session start(int maxTokens) {
        return new LlamaSession(this, decoder().owner(), maxTokens);
    }

    @Override
    public NDArray loss(ParameterStore store, NDList inputs, NDArray labels, boolean training) {
        try (NDArray hidden = call(store, MODEL, training, inputs)) {
            return hasPlainHead()
                    ? NextTokenLoss.of(hidden, headWeight(store, hidden, training), labels)
                    : NextTokenLoss.of(call(store, HEAD, training, hidden), labels);
        }
    }

    private boolean hasPlainHead() {
        return config.tied() || isPlainLinear(HEAD);
    }

    private NDArray headWeight(ParameterStore store, NDArray hidden, boolean training) {
        if (config.tied()) {
            return decoder().words(store, hidden, training);
        }
        Block head = child(HEAD);
        return store.getValue(head.getDirectParameters().get("weight"), hidden.getDevice(), training);
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store, NDList inputs, boolean training, @Nullable PairList<String, Object> params) {
        try (NDArray hidden = call(store, MODEL, training, inputs)) {
            return new NDList(logits(store, hidden, training));
        }
    }

    NDArray logits(ParameterStore store, NDArray hidden, boolean training) {
        return config.tied()
                ? Kernels.of(hidden.getManager()).linear(hidden, headWeight(store, hidden, training), Optional.empty())
                : call(store, HEAD, training, hidden);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
        return new Shape[] {inputs[0].add(config.vocabSize())};
    }
}
