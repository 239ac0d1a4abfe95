package org.bonepeft.adapter;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bonepeft.graph.Tensor;
import org.bonepeft.tensor.Shape;

/**
 * {@code DeltaW = s B A}: low-rank adaptation. {@code lora_A [r, in]}, {@code lora_B [out, r]}; the scale s is
 * {@code alpha / r}, or {@code alpha / sqrt(r)} if rank-stabilised.
 *
 * <p>{@code y = x W^T + s (x A^T) B^T}. A starts uniform in +-1/sqrt(in), B at zero. Sources: Hu et al., "LoRA:
 * Low-Rank Adaptation of Large Language Models"; Kalajdzievski, "A Rank Stabilization Scaling Factor for Fine-Tuning
 * with LoRA"; PEFT's {@code tuners.lora.layer.Linear}.
 *
 * @param rank r
 * @param alpha the numerator of the scale
 * @param rankStabilized whether the scale is alpha / sqrt(r)
 * @param dropout the rate at which inputs of the adapter are zeroed in training
 */
public record Lora(int rank, double alpha, boolean rankStabilized, double dropout) implements AdapterMethod {
    /** The parameter A. */
    public static final String A = "lora_A";

    /** The parameter B. */
    public static final String B = "lora_B";

    /** Checks the fields. */
    public Lora {
        Checks.rank("LoRA", rank);
        Checks.dropout("LoRA", dropout);
        if (!Double.isFinite(alpha)) {
            throw new AdapterException("LoRA: alpha must be a finite number, not " + alpha);
        }
    }

    /** Creates a LoRA without dropout, scaled by alpha / r. */
    public Lora(int rank, double alpha) {
        this(rank, alpha, false, 0);
    }

    /** Returns s. */
    public double scale() {
        return alpha / (rankStabilized ? Math.sqrt(rank) : rank);
    }

    @Override
    public String name() {
        return rankStabilized ? "rslora" : "lora";
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
        return visitor.lora(this);
    }

    @Override
    public void check(LayerSpec layer) {}

    @Override
    public List<AdapterParameter> parameters(LayerSpec layer) {
        return List.of(
                new AdapterParameter(A, Shape.of(rank, layer.in()), Initializer.KAIMING_UNIFORM),
                new AdapterParameter(B, Shape.of(layer.out(), rank), Initializer.ZEROS));
    }

    @Override
    public List<Evaluation> evaluations() {
        return List.of(Evaluation.FACTORED, Evaluation.FORMED);
    }

    @Override
    public Optional<String> linearParameter() {
        return Optional.of(B);
    }

    @Override
    public Tensor delta(LayerSpec layer, Tensor weight, Map<String, Tensor> parameters) {
        Tensor a = Checks.parameter(parameters, A);
        return Checks.parameter(parameters, B).matMul(a.scale(scale()));
    }

    @Override
    public Optional<Tensor> inverse(LayerSpec layer, Tensor merged, Map<String, Tensor> parameters) {
        return Optional.of(merged.sub(delta(layer, merged, parameters)));
    }

    @Override
    public LinearMap adapt(
            LayerSpec layer, LinearMap base, Map<String, Tensor> parameters, Evaluation evaluation, boolean training) {
        Tensor a = Checks.parameter(parameters, A);
        Tensor b = Checks.parameter(parameters, B);
        Tensor merged = base.weight().add(delta(layer, base.weight(), parameters));
        return LinearMap.of(merged, (x, addend) -> {
            Tensor low = x.dropout(training ? dropout : 0).matMul(a.transpose()).scale(scale());
            return base.apply(x, addend).addMatMul(low, b.transpose());
        });
    }
}
