package org.bonepeft.djl.model.rwkv6;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.List;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.djl.torch.TorchTypes;
import org.bonepeft.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * {@code a = x + O attend(..)} of {@code ln1(x)}, then {@code a + sigmoid(R m^r) (V relu(K m^k)^2)} of {@code m =
 * ln2(a)}; see {@link Rwkv6Kernels} for the parts.
 *
 * <p>Inputs: x [batch, tokens, C]; optionally the state before, as {@link Rwkv6State.Layer} has it. Output: as the
 * inputs, with the state after the last token.
 */
final class Rwkv6Block extends ModelBlock {
    private static final String FIRST_NORM = "ln0";
    private static final String ATTENTION_NORM = "ln1";
    private static final String CHANNEL_NORM = "ln2";
    private static final String HEAD_NORM = "att.ln_x";
    private static final String BONUS = "att.time_faaaa";
    private static final List<String> MIX = List.of(
            "att.time_maa_x",
            "att.time_maa_w",
            "att.time_maa_k",
            "att.time_maa_v",
            "att.time_maa_r",
            "att.time_maa_g",
            "att.time_maa_w1",
            "att.time_maa_w2",
            "att.time_decay",
            "att.time_decay_w1",
            "att.time_decay_w2");

    private final Rwkv6Config config;
    private final boolean first;

    Rwkv6Block(Rwkv6Config config, boolean first) {
        this.config = config;
        this.first = first;
        int hidden = config.hiddenSize();
        int attention = config.attentionSize();
        if (first) {
            addLayerNorm(FIRST_NORM, hidden);
        }
        addLayerNorm(ATTENTION_NORM, hidden);
        addLayerNorm(CHANNEL_NORM, hidden);
        for (String mix : MIX.subList(0, 6)) {
            addTensor(mix, Parameter.Type.OTHER, 1, 1, hidden);
        }
        addTensor(MIX.get(6), Parameter.Type.OTHER, hidden, 5L * config.mixRank());
        addTensor(MIX.get(7), Parameter.Type.OTHER, 5, config.mixRank(), hidden);
        addTensor(MIX.get(8), Parameter.Type.OTHER, 1, 1, attention);
        addTensor(MIX.get(9), Parameter.Type.OTHER, hidden, config.decayRank());
        addTensor(MIX.get(10), Parameter.Type.OTHER, config.decayRank(), attention);
        addTensor(BONUS, Parameter.Type.OTHER, config.heads(), config.headSize());
        addLinear("att.receptance", hidden, attention, false);
        addLinear("att.key", hidden, attention, false);
        addLinear("att.value", hidden, attention, false);
        addLinear("att.gate", hidden, attention, false);
        addLinear("att.output", attention, hidden, false);
        addLayerNorm(HEAD_NORM, attention);
        addTensor("ffn.time_maa_k", Parameter.Type.OTHER, 1, 1, hidden);
        addTensor("ffn.time_maa_r", Parameter.Type.OTHER, 1, 1, hidden);
        addLinear("ffn.key", hidden, config.intermediateSize(), false);
        addLinear("ffn.receptance", hidden, hidden, false);
        addLinear("ffn.value", config.intermediateSize(), hidden, false);
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store, NDList inputs, boolean training, @Nullable PairList<String, Object> params) {
        NDArray x = inputs.get(0);
        boolean keeps = inputs.size() > 1;
        Rwkv6State.Layer before = keeps ? Rwkv6State.Layer.of(inputs.subNDList(1)) : zeros(x);
        if (first) {
            x = layerNorm(store, FIRST_NORM, x, config.layerNormEps(), training);
        }
        NDArray n = layerNorm(store, ATTENTION_NORM, x, config.layerNormEps(), training);
        NDList attended = attend(store, n, before, training);
        NDArray a = x.add(attended.get(0));
        NDArray m = layerNorm(store, CHANNEL_NORM, a, config.layerNormEps(), training);
        NDList results = new NDList(a.add(channels(store, m, before.channelShift(), training)));
        if (keeps) {
            results.addAll(new NDList(last(n), last(m), attended.get(1)));
        }
        return results;
    }

    private static NDArray last(NDArray x) {
        return TorchTypes.cast(x.get(":, -1"), DType.F32);
    }

    private NDList attend(ParameterStore store, NDArray x, Rwkv6State.Layer before, boolean training) {
        Rwkv6Kernels kernels = Rwkv6Kernels.of(x.getManager());
        NDList parameters = new NDList();
        MIX.forEach(name -> parameters.add(tensor(store, name, x, training)));
        NDList mixed = kernels.mix(x, before.attentionShift(), parameters);
        NDList results = kernels.attend(
                call(store, "att.receptance", training, mixed.get(0)),
                call(store, "att.key", training, mixed.get(1)),
                call(store, "att.value", training, mixed.get(2)),
                call(store, "att.gate", training, mixed.get(3)),
                mixed.get(4),
                tensor(store, BONUS, x, training),
                before.wkv(),
                tensor(store, HEAD_NORM + ".weight", x, training),
                tensor(store, HEAD_NORM + ".bias", x, training),
                config.headNormEps());
        return new NDList(call(store, "att.output", training, results.get(0)), results.get(1));
    }

    private NDArray channels(ParameterStore store, NDArray x, NDArray shift, boolean training) {
        Rwkv6Kernels kernels = Rwkv6Kernels.of(x.getManager());
        NDList mixed = kernels.mixChannels(
                x, shift, tensor(store, "ffn.time_maa_k", x, training), tensor(store, "ffn.time_maa_r", x, training));
        NDArray inner = kernels.squaredRelu(call(store, "ffn.key", training, mixed.get(0)));
        NDArray gate = call(store, "ffn.receptance", training, mixed.get(1));
        return kernels.gated(gate, call(store, "ffn.value", training, inner));
    }

    private Rwkv6State.Layer zeros(NDArray x) {
        NDManager manager = x.getManager();
        return Rwkv6State.Layer.zeros(config, manager, x.getShape().get(0));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
        return inputs;
    }
}
