package org.bonepeft.djl.model.rwkv6;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.CausalLm;
import org.bonepeft.djl.model.HfWeights;
import org.bonepeft.djl.model.LayerRunner;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.djl.model.NextTokenLoss;
import org.bonepeft.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * RWKV-6: {@code head(ln_out(blocks(emb[id])))}.
 *
 * <p>Inputs: ids [batch, tokens]; optionally the attention mask [batch, tokens], 1 for a token and 0 for padding, which
 * must be on the right: what follows a token never changes its output. Output: logits [batch, tokens, vocabulary].
 *
 * <p>What a call makes belongs to the manager of the ids, and in training the inputs must stay open until the backward
 * pass is over: close both together, with an {@link ai.djl.ndarray.NDScope} around each step.
 */
public final class Rwkv6ForCausalLm extends ModelBlock implements CausalLm {
    private static final String EMBEDDING = "emb.weight";
    private static final String BLOCK = "blocks.";
    private static final String NORM = "ln_out";
    private static final String HEAD = "head";

    private final Rwkv6Config config;

    /** Creates the model without arrays: enough to ask for {@link #linears()}. */
    public Rwkv6ForCausalLm(Rwkv6Config config) {
        this.config = config;
        addTensor(EMBEDDING, Parameter.Type.WEIGHT, config.vocabSize(), config.hiddenSize());
        for (int i = 0; i < config.layers(); i++) {
            addChild(BLOCK + i, new Rwkv6Block(config, i == 0));
        }
        addLayerNorm(NORM, config.hiddenSize());
        addLinear(HEAD, config.hiddenSize(), config.vocabSize(), false);
    }

    /** Creates an untrained model, started as {@link Rwkv6Start} says, the same for the same seed. */
    public static Rwkv6ForCausalLm create(Rwkv6Config config, NDManager manager, long seed) {
        Rwkv6ForCausalLm model = new Rwkv6ForCausalLm(config);
        new Rwkv6Start(config, seed).prepare(model);
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        return model;
    }

    /** Loads a directory in float32; see {@link #load(Path, NDManager, DType)}. */
    public static Rwkv6ForCausalLm load(Path directory, NDManager manager) throws IOException {
        return load(directory, manager, DType.F32);
    }

    /**
     * Loads {@code model.safetensors} of a directory, and {@code config.json} if there is one; the arrays belong to
     * {@code manager} and lie on its device. Weights that have the type in the file are mapped, not copied; see {@link
     * HfWeights#map}. Released {@code .pth} files are refused: pickles are programs.
     *
     * @param type of all weights: F32, or BF16 where the engine is PyTorch; then what goes from layer to layer is
     *     bfloat16, while the decay, the recurrence with its norm, and the state are float32
     * @throws BoneException naming the config key or tensor that does not fit
     * @throws IOException if a file cannot be read
     */
    public static Rwkv6ForCausalLm load(Path directory, NDManager manager, DType type) throws IOException {
        Rwkv6ForCausalLm model = new Rwkv6ForCausalLm(Rwkv6Config.read(directory));
        HfWeights.Rules rules = new HfWeights.Rules("", name -> false, name -> false);
        HfWeights.map(model, directory, manager, rules, type);
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        return model;
    }

    /** Writes {@code config.json} and {@code model.safetensors}; of an adapted model the base alone. */
    public void save(Path directory) throws IOException {
        HfWeights.save(this, new Rwkv6ForCausalLm(config).tensors().keySet(), config.toJson(), directory);
    }

    /** Returns the configuration. */
    public Rwkv6Config config() {
        return config;
    }

    @Override
    public int vocabSize() {
        return config.vocabSize();
    }

    /** Returns {@link Integer#MAX_VALUE}: a sequence may have any length. */
    @Override
    public int maxPositions() {
        return Integer.MAX_VALUE;
    }

    /** Starts sequences of any length; what is kept of each is a state of constant size. */
    @Override
    public Rwkv6Session start(int maxTokens) {
        return new Rwkv6Session(this, owner());
    }

    /** Continues the sequences of a state, one for each of its rows; the state is copied. */
    public Rwkv6Session start(Rwkv6State state) {
        return new Rwkv6Session(this, owner(), state);
    }

    private NDManager owner() {
        return Objects.requireNonNull(parameters.get(EMBEDDING)).getArray().getManager();
    }

    /**
     * What {@link #read} returns.
     *
     * @param logits [batch, tokens, vocabulary]
     * @param state after the last token
     */
    public record Reading(NDArray logits, Rwkv6State state) {}

    /**
     * Reads tokens that follow those of a state.
     *
     * @param ids [batch, tokens]
     */
    public Reading read(ParameterStore store, NDArray ids, Rwkv6State state, boolean training) {
        Hidden hidden = hidden(store, ids, state, training);
        return new Reading(call(store, HEAD, training, hidden.output()), hidden.state());
    }

    /** As {@link #read}, with the logits of the last token alone, [batch, vocabulary]. */
    Reading readToLast(ParameterStore store, NDArray ids, Rwkv6State state) {
        Hidden hidden = hidden(store, ids, state, false);
        return new Reading(call(store, HEAD, false, hidden.output().get(":, -1")), hidden.state());
    }

    private record Hidden(NDArray output, Rwkv6State state) {}

    private Hidden hidden(ParameterStore store, NDArray ids, Rwkv6State state, boolean training) {
        NDArray x = embedded(store, ids, training);
        List<Rwkv6State.Layer> after = new ArrayList<>();
        for (int i = 0; i < config.layers(); i++) {
            NDList inputs = new NDList(x).addAll(state.layers().get(i).arrays());
            NDList outputs = LayerRunner.forward(child(BLOCK + i), store, inputs, training, null);
            x = LayerRunner.passed(x, outputs.get(0));
            after.add(Rwkv6State.Layer.of(outputs.subNDList(1)));
        }
        return new Hidden(normed(store, x, training), new Rwkv6State(after));
    }

    private NDArray hidden(ParameterStore store, NDList inputs, boolean training) {
        if (inputs.size() > 1) {
            checkMask(inputs.get(1));
        }
        NDArray x = embedded(store, inputs.get(0), training);
        for (int i = 0; i < config.layers(); i++) {
            NDList outputs = LayerRunner.forward(child(BLOCK + i), store, new NDList(x), training, null);
            x = LayerRunner.passed(x, outputs.singletonOrThrow());
        }
        return normed(store, x, training);
    }

    private NDArray embedded(ParameterStore store, NDArray tokens, boolean training) {
        NDArray ids = tokens.toType(DataType.INT64, false);
        try (NDArray low = ids.min();
                NDArray high = ids.max()) {
            long outside = low.getLong() < 0 ? low.getLong() : high.getLong();
            if (outside < 0 || outside >= config.vocabSize()) {
                throw new BoneException("token id " + outside + " is outside the model's vocabulary of "
                        + config.vocabSize() + "; the tokenizer belongs to another model");
            }
        }
        return ids.getNDArrayInternal()
                .embedding(ids, tensor(store, EMBEDDING, ids, training), SparseFormat.DENSE)
                .singletonOrThrow();
    }

    private NDArray normed(ParameterStore store, NDArray x, boolean training) {
        return layerNorm(store, NORM, x, config.layerNormEps(), training);
    }

    private static void checkMask(NDArray mask) {
        if (mask.getShape().get(1) < 2) {
            return;
        }
        NDArray present = mask.toType(DataType.INT64, false);
        try (NDArray rises = present.get(":, 1:").gt(present.get(":, :-1")).any()) {
            if (rises.getBoolean()) {
                throw new BoneException("the attention mask has padding on the left of a token, which the recurrence"
                        + " would read as text; pad on the right");
            }
        }
    }

    @Override
    public NDArray loss(ParameterStore store, NDList inputs, NDArray labels, boolean training) {
        NDArray hidden = hidden(store, inputs, training);
        Block head = child(HEAD);
        if (isPlainLinear(HEAD)) {
            Parameter weight = head.getDirectParameters().get("weight");
            return NextTokenLoss.of(hidden, store.getValue(weight, hidden.getDevice(), training), labels);
        }
        return NextTokenLoss.of(call(store, HEAD, training, hidden), labels);
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store, NDList inputs, boolean training, @Nullable PairList<String, Object> params) {
        return new NDList(call(store, HEAD, training, hidden(store, inputs, training)));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
        return new Shape[] {inputs[0].add(config.vocabSize())};
    }
}
