package org.bonepeft.adapter;

import java.util.Map;
import org.bonepeft.adapter.Factorization.Kind;
import org.bonepeft.graph.Tensor;

/**
 * {@code A = R[:r], B = Q[:, :r]} of {@code W = Q R}: B starts orthonormal. Source: Büyükakyüz, "OLoRA: Orthonormal
 * Low-Rank Adaptation of Large Language Models"; PEFT's {@code init_lora_weights="olora"}.
 */
public record Olora() implements LoraStart.Factored {
    @Override
    public String name() {
        return "olora";
    }

    @Override
    public long maxRank(LayerSpec layer) {
        return Math.min(layer.in(), layer.out());
    }

    @Override
    public Factorization factorization(Lora lora, LayerSpec layer) {
        return new Factorization(LayerSpec.WEIGHT, Kind.QR, 0, 0);
    }

    @Override
    public LoraStart.Matrices start(Lora lora, LayerSpec layer, Map<String, Tensor> factors) {
        return new LoraStart.Matrices(
                Checks.parameter(factors, Factorization.R).slice(0, 0, lora.rank()),
                Checks.parameter(factors, Factorization.Q).slice(1, 0, lora.rank()));
    }
}
