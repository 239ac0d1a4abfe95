package org.bonepeft.djl.model.llama;

import ai.djl.ndarray.NDList;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.djl.model.NamedChildren;

/** A linear that does not say what it computes, so that the layer around it is computed piece by piece. */
final class PiecewiseLinear extends Linear {
    private static final String OUTPUT = "self_attn.o_proj";

    private final Linear inner;
    private int calls;

    private PiecewiseLinear(Linear inner) {
        super(Linear.builder().setUnits(1));
        this.inner = inner;
        inner.getDirectParameters().forEach(pair -> parameters.put(pair.getKey(), pair.getValue()));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
        calls++;
        return inner.forward(store, inputs, training);
    }

    /** Returns what {@code body} returns, while a model's layers are computed piece by piece. */
    static <T> T in(LlamaForCausalLm model, Supplier<T> body) {
        Map<ModelBlock, PiecewiseLinear> outputs = new LinkedHashMap<>();
        model.decoder().namedChildren().forEach((name, child) -> {
            if (child instanceof LlamaLayer layer) {
                outputs.put(layer, new PiecewiseLinear((Linear)
                        ((NamedChildren) layer).namedChildren().get(OUTPUT)));
            }
        });
        outputs.forEach((layer, linear) -> layer.replaceChild(OUTPUT, linear));
        try {
            return body.get();
        } finally {
            outputs.forEach((layer, linear) -> layer.replaceChild(OUTPUT, linear.inner));
            if (outputs.values().stream().anyMatch(linear -> linear.calls == 0)) {
                throw new AssertionError("a layer was not computed piece by piece");
            }
        }
    }
}
