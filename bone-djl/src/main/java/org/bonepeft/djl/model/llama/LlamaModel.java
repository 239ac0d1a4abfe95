package org.bonepeft.djl.model.llama;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.LayerRunner;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.djl.torch.Kernels;
import org.bonepeft.djl.torch.TorchTypes;
import org.bonepeft.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * The decoder without its head: embedding, {@code num_hidden_layers} layers, a last norm.
 *
 * <p>Inputs: ids [batch, tokens]; optionally the attention mask [batch, tokens], 1 for a token and 0 for padding, on
 * whichever side; optionally positions [batch, tokens], INT64, otherwise 0, 1, .. in every row. (Only differences of
 * positions matter, so padding on the left needs none.) Output: hidden states [batch, tokens, hidden].
 *
 * <p>What a call makes belongs to the manager of the ids, and in training the inputs must stay open until the backward
 * pass is over: close both together, with an {@link ai.djl.ndarray.NDScope} around each step.
 */
public final class LlamaModel extends ModelBlock {
    private static final String EMBEDDING = "embed_tokens";
    private static final String LAYER = "layers.";
    private static final String NORM = "norm.weight";
    private static final String CACHES = "caches";

    private final LlamaConfig config;
    private final RotaryTable rotary;

    /** Creates the decoder without arrays. */
    public LlamaModel(LlamaConfig config) {
        this.config = config;
        rotary = new RotaryTable(config);
        addChild(EMBEDDING, new LlamaEmbedding(config));
        for (int i = 0; i < config.layers(); i++) {
            addChild(LAYER + i, new LlamaLayer(config));
        }
        addTensor(NORM, Parameter.Type.GAMMA, config.hiddenSize());
    }

    /** Returns the word embedding (vocabulary, hidden). */
    NDArray words(ParameterStore store, NDArray x, boolean training) {
        return ((LlamaEmbedding) child(EMBEDDING)).weight(store, x, training);
    }

    /** Returns the manager of the weights. */
    NDManager owner() {
        return norm().getManager();
    }

    boolean isBfloat16() {
        return TorchTypes.of(norm()) == DType.BF16;
    }

    private NDArray norm() {
        return Objects.requireNonNull(parameters.get(NORM)).getArray();
    }

    /**
     * Runs the decoder on tokens that follow those in the caches, one for each layer.
     *
     * @param inputs as usual; optionally the positions of all tokens, those in the caches too, [batch, seen + tokens],
     *     if padding lies between them
     */
    NDArray forward(ParameterStore store, NDList inputs, List<LayerCache> caches) {
        PairList<String, Object> params = new PairList<>();
        params.add(CACHES, caches);
        return forward(store, inputs, false, params).singletonOrThrow();
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store, NDList inputs, boolean training, @Nullable PairList<String, Object> params) {
        NDArray ids = inputs.get(0).toType(DataType.INT64, false);
        List<?> caches = params != null && params.contains(CACHES) ? (List<?>) params.get(CACHES) : List.of();
        long before = caches.isEmpty() ? 0 : ((LayerCache) caches.get(0)).tokens();
        checkIds(ids);
        NDArray hidden = call(store, EMBEDDING, training, ids);
        NDList positions = positions(inputs, hidden, before);
        Masks masks = new Masks(inputs, before);
        for (int i = 0; i < config.layers(); i++) {
            NDList states = new NDList(hidden, positions.get(0), positions.get(1));
            masks.of(config.windows().get(i)).ifPresent(states::add);
            @Nullable PairList<String, Object> cache = caches.isEmpty() ? null : cache(caches.get(i));
            NDArray next = LayerRunner.forward(child(LAYER + i), store, states, training, cache)
                    .singletonOrThrow();
            hidden = LayerRunner.passed(hidden, next);
        }
        NDArray weight = tensor(store, NORM, hidden, training);
        NDArray normed = Kernels.of(hidden.getManager()).rmsNorm(hidden, weight, config.rmsNormEps());
        return new NDList(LayerRunner.passed(hidden, normed));
    }

    private static PairList<String, Object> cache(Object cache) {
        PairList<String, Object> params = new PairList<>();
        params.add(LlamaLayer.CACHE, cache);
        return params;
    }

    private NDList positions(NDList inputs, NDArray hidden, long before) {
        Shape shape = hidden.getShape();
        NDList rows = new NDList();
        if (inputs.size() < 3) {
            long end = before + shape.get(1);
            checkPosition(end - 1);
            for (NDArray table : rotary.rows(owner(), hidden, end)) {
                rows.add(table.get(new NDIndex().addSliceDim(before, end)));
            }
        } else {
            NDArray positions = inputs.get(2);
            long last = positions.max().getLong();
            for (NDArray table : rotary.rows(owner(), hidden, checkPosition(last) + 1)) {
                NDArray picked = table.get(positions.reshape(-1));
                rows.add(picked.reshape(shape.get(0), 1, shape.get(1), config.headSize()));
                picked.close();
            }
        }
        rows.attach(hidden.getManager());
        return rows;
    }

    private void checkIds(NDArray ids) {
        try (NDArray low = ids.min();
                NDArray high = ids.max()) {
            long outside = low.getLong() < 0 ? low.getLong() : high.getLong();
            if (outside < 0 || outside >= config.vocabSize()) {
                throw new BoneException("token id " + outside + " is outside the model's vocabulary of "
                        + config.vocabSize() + "; the tokenizer belongs to another model");
            }
        }
    }

    private long checkPosition(long last) {
        if (last >= config.maxPositions()) {
            throw new BoneException("a sequence of " + (last + 1) + " tokens does not fit: the model has positions for "
                    + config.maxPositions() + "; truncate it");
        }
        return last;
    }

    /** Which keys each query may see, for layers with and without a window. */
    private static final class Masks {
        private final NDArray ids;
        private final Optional<NDArray> present;
        private final Optional<NDArray> keyPositions;
        private final long before;
        private final Map<Integer, Optional<NDArray>> byWindow = new HashMap<>();

        Masks(NDList inputs, long before) {
            ids = inputs.get(0);
            this.before = before;
            present = inputs.size() > 1 && hasPadding(inputs.get(1)) ? Optional.of(inputs.get(1)) : Optional.empty();
            keyPositions = inputs.size() > 3 ? Optional.of(inputs.get(3)) : Optional.empty();
        }

        private static boolean hasPadding(NDArray mask) {
            try (NDArray least = mask.min()) {
                return least.toType(DataType.INT64, false).getLong() == 0;
            }
        }

        Optional<NDArray> of(int window) {
            return byWindow.computeIfAbsent(window, this::mask);
        }

        private Optional<NDArray> mask(int window) {
            int queries = (int) ids.getShape().get(1);
            int keys = (int) (before + queries);
            boolean slides = window > 0 && keys > window;
            if (present.isEmpty() && !slides && (queries == 1 || before == 0)) {
                return Optional.empty();
            }
            NDManager manager = ids.getManager();
            NDArray key = manager.arange(keys).expandDims(0);
            NDArray query = manager.arange((int) before, keys).expandDims(1);
            NDArray seen = key.lte(query);
            if (slides && keyPositions.isPresent()) {
                NDArray at = keyPositions.get();
                NDArray near =
                        at.expandDims(1).gt(at.get(":, {}:", before).sub(window).expandDims(2));
                seen = seen.expandDims(0).logicalAnd(near);
            } else if (slides) {
                seen = seen.logicalAnd(key.gt(query.sub(window)));
            }
            NDArray allowed = seen.reshape(-1, 1, queries, keys);
            return Optional.of(
                    present.isEmpty()
                            ? allowed
                            : allowed.logicalAnd(present.get()
                                    .toType(DataType.BOOLEAN, false)
                                    .reshape(-1, 1, 1, keys)));
        }
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
        return new Shape[] {inputs[0].add(config.hiddenSize())};
    }
}
