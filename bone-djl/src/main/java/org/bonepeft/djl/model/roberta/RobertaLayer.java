package org.bonepeft.djl.model.roberta;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bonepeft.djl.model.Attention;
import org.bonepeft.djl.model.LayerRunner;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.djl.torch.LayerScript;
import org.bonepeft.djl.torch.ScriptText;
import org.bonepeft.djl.torch.TorchModule;
import org.jspecify.annotations.Nullable;

/**
 * {@code a = LayerNorm(x + O attention(Q x, K x, V x))}, then {@code LayerNorm(a + D act(I a))}: the norms come after the
 * sums, as in BERT.
 *
 * <p>Inputs: x [batch, tokens, hidden] and, if there is padding, the mask that is added to the scores. Output like x, or,
 * with the parameters {@link #FIRST_TOKEN}, [batch, 1, hidden]: of the first token, which attends to all. A classifier
 * needs no more of the last layer.
 */
final class RobertaLayer extends ModelBlock {
    /** Asks for the first token of each sequence only. */
    static final PairList<String, Object> FIRST_TOKEN = new PairList<>(List.of("bone.tokens"), List.of("first"));

    private static final String QUERY = "attention.self.query";
    private static final String KEY = "attention.self.key";
    private static final String VALUE = "attention.self.value";
    private static final String ATTENTION_OUTPUT = "attention.output.dense";
    private static final String ATTENTION_NORM = "attention.output.LayerNorm";
    private static final String INTERMEDIATE = "intermediate.dense";
    private static final String OUTPUT = "output.dense";
    private static final String NORM = "output.LayerNorm";

    private final RobertaConfig config;
    private final LayerScript all;
    private final LayerScript first;

    RobertaLayer(RobertaConfig config) {
        this.config = config;
        all = script("all_tokens.py", new LayerScript.Gap("qkv", QUERY, KEY, VALUE));
        first = script(
                "first_token.py", new LayerScript.Gap("query", QUERY), new LayerScript.Gap("keys_values", KEY, VALUE));
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

    private LayerScript script(String projected, LayerScript.Gap... projections) {
        String text = ScriptText.of(RobertaLayer.class, "layer.py")
                .replace("{eps}", Double.toString(config.layerNormEps()))
                .replace("{heads}", Integer.toString(config.heads()))
                .replace("{activation}", config.activation().script("outer"));
        List<LayerScript.Gap> gaps = new ArrayList<>(List.of(projections));
        gaps.add(new LayerScript.Gap("output", ATTENTION_OUTPUT));
        gaps.add(new LayerScript.Gap("intermediate", INTERMEDIATE));
        gaps.add(new LayerScript.Gap("down", OUTPUT));
        return new LayerScript(
                ScriptText.of(RobertaLayer.class, projected) + "\n" + text, 4, gaps.toArray(LayerScript.Gap[]::new));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store, NDList inputs, boolean training, @Nullable PairList<String, Object> params) {
        NDArray x = inputs.get(0);
        NDArray mask = inputs.size() > 1 ? inputs.get(1) : null;
        boolean firstOnly = params != null && params.contains(FIRST_TOKEN.keyAt(0));
        Optional<LayerScript.Filled> filled = firstOnly
                ? fill(first, store, x, name -> rows(name, x.getShape()), training)
                : fill(all, store, x, training);
        if (filled.isPresent()) {
            return new NDList(fused(store, filled.get(), x, mask, training));
        }
        try (NDArray attended = LayerRunner.part(
                x,
                in -> firstOnly ? attendOfFirst(store, in, mask, training) : attend(store, in, in, mask, training))) {
            return new NDList(feedForward(store, attended, training));
        }
    }

    /** Of how many rows a linear gets its input, if only the first token is asked for. */
    private static long rows(String linear, Shape x) {
        return linear.equals(KEY) || linear.equals(VALUE) ? x.get(0) * x.get(1) : x.get(0);
    }

    private NDArray fused(
            ParameterStore store, LayerScript.Filled filled, NDArray x, @Nullable NDArray mask, boolean training) {
        List<NDArray> tensors = filled.tensors(
                tensor(store, ATTENTION_NORM + ".weight", x, training),
                tensor(store, ATTENTION_NORM + ".bias", x, training),
                tensor(store, NORM + ".weight", x, training),
                tensor(store, NORM + ".bias", x, training));
        double dropout = training ? config.hiddenDropout() : 0;
        try (NDArray attended = LayerRunner.part(x, in -> {
            TorchModule.Call call =
                    filled.method(mask == null ? "attend" : "attend_masked").tensor(in);
            if (mask != null) {
                call.tensor(mask);
            }
            return call.list(tensors)
                    .number(training ? config.attentionDropout() : 0)
                    .number(dropout)
                    .run()
                    .singletonOrThrow();
        })) {
            return filled.method("feed")
                    .tensor(attended)
                    .list(tensors)
                    .number(dropout)
                    .run()
                    .singletonOrThrow();
        }
    }

    // What is closed here lives on as far as backward needs it.

    private NDArray attendOfFirst(ParameterStore store, NDArray x, @Nullable NDArray mask, boolean training) {
        try (NDArray first = x.get(":, :1")) {
            return attend(store, first, x, mask, training);
        }
    }

    private NDArray attend(ParameterStore store, NDArray kept, NDArray x, @Nullable NDArray mask, boolean training) {
        try (NDArray q = call(store, QUERY, training, kept);
                NDArray k = call(store, KEY, training, x);
                NDArray v = call(store, VALUE, training, x);
                NDArray heads =
                        Attention.attend(q, k, v, config.heads(), mask, training ? config.attentionDropout() : 0);
                NDArray change = call(store, ATTENTION_OUTPUT, training, heads)) {
            return addAndNorm(store, kept, change, ATTENTION_NORM, training);
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
