package org.bonepeft.djl.model.llama;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.List;
import java.util.Optional;
import org.bonepeft.djl.model.LayerRunner;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.djl.torch.Kernels;
import org.bonepeft.djl.torch.LayerScript;
import org.bonepeft.djl.torch.ScriptText;
import org.jspecify.annotations.Nullable;

/**
 * {@code a = x + O attention(Q n, K n, V n)} with {@code n = norm(x)}, then {@code a + D (silu(G m) * U m)} with
 * {@code m = norm(a)}; norm is x / rms(x) times a weight.
 *
 * <p>Inputs: x [batch, tokens, hidden]; cos and sin of the positions; optionally which keys each query may see, as
 * {@link RotaryAttention} takes them. The parameter {@link #CACHE} gives the keys and values of earlier tokens. Output
 * like x.
 */
final class LlamaLayer extends ModelBlock {
    /** The name of the parameter that holds the layer's {@link LayerCache}. */
    static final String CACHE = "cache";

    private static final String ATTENTION_NORM = "input_layernorm.weight";
    private static final String QUERY = "self_attn.q_proj";
    private static final String KEY = "self_attn.k_proj";
    private static final String VALUE = "self_attn.v_proj";
    private static final String OUTPUT = "self_attn.o_proj";
    private static final String MLP_NORM = "post_attention_layernorm.weight";
    private static final String GATE = "mlp.gate_proj";
    private static final String UP = "mlp.up_proj";
    private static final String DOWN = "mlp.down_proj";

    private static final String TEXT = RotaryAttention.SCRIPT
            + ScriptText.of(LlamaLayer.class, "layer.py")
            + ScriptText.kernel("rms_norm")
            + ScriptText.kernel("swiglu");

    private final LlamaConfig config;
    private final LayerScript script;

    LlamaLayer(LlamaConfig config) {
        this.config = config;
        script = new LayerScript(
                TEXT.replace("{eps}", Double.toString(config.rmsNormEps())),
                2,
                new LayerScript.Gap("qkv", QUERY, KEY, VALUE),
                new LayerScript.Gap("output", OUTPUT),
                new LayerScript.Gap("gate_up", GATE, UP),
                new LayerScript.Gap("down", DOWN));
        int hidden = config.hiddenSize();
        int queries = config.heads() * config.headSize();
        int keys = config.keyValueHeads() * config.headSize();
        addTensor(ATTENTION_NORM, Parameter.Type.GAMMA, hidden);
        addLinear(QUERY, hidden, queries, config.attentionBias());
        addLinear(KEY, hidden, keys, config.attentionBias());
        addLinear(VALUE, hidden, keys, config.attentionBias());
        addLinear(OUTPUT, queries, hidden, config.outputBias());
        addTensor(MLP_NORM, Parameter.Type.GAMMA, hidden);
        addLinear(GATE, hidden, config.intermediateSize(), config.mlpBias());
        addLinear(UP, hidden, config.intermediateSize(), config.mlpBias());
        addLinear(DOWN, config.intermediateSize(), hidden, config.mlpBias());
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store, NDList inputs, boolean training, @Nullable PairList<String, Object> params) {
        RotaryAttention attention = new RotaryAttention(
                inputs.get(1),
                inputs.get(2),
                inputs.size() > 3 ? Optional.of(inputs.get(3)) : Optional.empty(),
                training ? config.attentionDropout() : 0);
        Optional<LayerCache> cache = Optional.ofNullable(params).map(given -> (LayerCache) given.get(CACHE));
        Optional<LayerScript.Filled> filled = fill(script, store, inputs.get(0), training);
        if (filled.isPresent()) {
            return new NDList(fused(store, filled.get(), inputs.get(0), attention, cache, training));
        }
        try (NDArray a = LayerRunner.part(inputs.get(0), x -> attend(store, x, attention, cache, training))) {
            return new NDList(feedForward(store, a, training));
        }
    }

    private NDArray fused(
            ParameterStore store,
            LayerScript.Filled filled,
            NDArray x,
            RotaryAttention attention,
            Optional<LayerCache> cache,
            boolean training) {
        List<NDArray> tensors =
                filled.tensors(tensor(store, ATTENTION_NORM, x, training), tensor(store, MLP_NORM, x, training));
        if (cache.isPresent()) {
            return attention.call(filled, "layer_cached", x, tensors, cache.get(), config.keyValueHeads());
        }
        if (!LayerRunner.isChosen()) {
            return attention.call(filled, "layer", x, tensors);
        }
        try (NDArray a = LayerRunner.part(x, in -> attention.call(filled, "attend_part", in, tensors))) {
            return filled.method("feed_part").tensor(a).list(tensors).run().singletonOrThrow();
        }
    }

    // What is closed here lives on as far as backward needs it.

    private NDArray attend(
            ParameterStore store, NDArray x, RotaryAttention attention, Optional<LayerCache> cache, boolean training) {
        try (NDArray n = norm(store, ATTENTION_NORM, x, training);
                NDArray q = call(store, QUERY, training, n);
                NDArray k = call(store, KEY, training, n);
                NDArray v = call(store, VALUE, training, n);
                NDArray heads = attention.attend(q, k, v, cache);
                NDArray change = call(store, OUTPUT, training, heads)) {
            return x.add(change);
        }
    }

    private NDArray feedForward(ParameterStore store, NDArray a, boolean training) {
        try (NDArray m = norm(store, MLP_NORM, a, training);
                NDArray gate = call(store, GATE, training, m);
                NDArray up = call(store, UP, training, m);
                NDArray inner = Kernels.of(a.getManager()).swiGlu(gate, up);
                NDArray change = call(store, DOWN, training, inner)) {
            return a.add(change);
        }
    }

    private NDArray norm(ParameterStore store, String name, NDArray x, boolean training) {
        return Kernels.of(x.getManager()).rmsNorm(x, tensor(store, name, x, training), config.rmsNormEps());
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
        return new Shape[] {inputs[0]};
    }
}
