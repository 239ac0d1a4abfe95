package org.bonepeft.adapter;

import java.util.Map;
import org.bonepeft.graph.Tensor;

/** How the A [r, in] and B [out, r] of a {@link Lora} start. */
public sealed interface LoraStart {
    /** Drawn at random, without regard to the weight. */
    enum Drawn implements LoraStart {
        /** A uniform in +-1/sqrt(in), B zero: LoRA's own. */
        KAIMING,
        /** A normal with standard deviation 1/r, B zero. */
        GAUSSIAN,
        /** A uniform in +-1/sqrt(in), B uniform in +-1/sqrt(r): not the identity. PEFT's {@code init_lora_weights=False}. */
        BOTH
    }

    /** From factors of a matrix; the frozen weight becomes the residual W - s B A, so that the layer starts as the base. */
    sealed interface Factored extends LoraStart permits Pissa, Olora, LoraGa {
        /** Returns the name in configurations, for example {@code pissa}. */
        String name();

        /** Returns the largest rank that the start allows for a layer. */
        long maxRank(LayerSpec layer);

        /** Returns what to decompose. */
        Factorization factorization(Lora lora, LayerSpec layer);

        /** Returns A and B, given the factors by name. */
        Matrices start(Lora lora, LayerSpec layer, Map<String, Tensor> factors);
    }

    /**
     * A start.
     *
     * @param a [r, in]
     * @param b [out, r]
     */
    record Matrices(Tensor a, Tensor b) {}
}
