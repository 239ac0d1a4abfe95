package org.bonepeft.adapter;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bonepeft.graph.Graph;
import org.bonepeft.graph.Tensor;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;

/**
 * {@code DeltaW = s B A}: low-rank adaptation. {@code lora_A [r, in]}, {@code lora_B [out, r]}; the scale s is
 * {@code alpha / r}, or {@code alpha / sqrt(r)} if rank-stabilised.
 *
 * <p>{@code y = x W^T + s (x A^T) B^T}. Unless {@code start} says otherwise, A starts uniform in +-1/sqrt(in), B at zero.
 * Sources: Hu et al., "LoRA:
 * Low-Rank Adaptation of Large Language Models"; Kalajdzievski, "A Rank Stabilization Scaling Factor for Fine-Tuning
 * with LoRA"; PEFT's {@code tuners.lora.layer.Linear}.
 *
 * @param rank r
 * @param alpha the numerator of the scale
 * @param rankStabilized whether the scale is alpha / sqrt(r)
 * @param dropout the rate at which inputs of the adapter are zeroed in training
 * @param start how A and B start: drawn, or by {@link Pissa}, {@link Olora} or {@link LoraGa}
 */
public record Lora(int rank, double alpha, boolean rankStabilized, double dropout, LoraStart start)
        implements AdapterMethod {
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
        if (start instanceof LoraStart.Factored factored && !(alpha > 0)) {
            throw new AdapterException("LoRA: alpha must be positive for " + factored.name() + ", not " + alpha);
        }
    }

    /** Creates a LoRA whose A starts uniform and whose B starts at zero. */
    public Lora(int rank, double alpha, boolean rankStabilized, double dropout) {
        this(rank, alpha, rankStabilized, dropout, LoraStart.Drawn.KAIMING);
    }

    /** Creates a LoRA without dropout, scaled by alpha / r. */
    public Lora(int rank, double alpha) {
        this(rank, alpha, false, 0);
    }

    /** Creates a LoRA without dropout, scaled by alpha / r, with another start. */
    public Lora(int rank, double alpha, LoraStart start) {
        this(rank, alpha, false, 0, start);
    }

    /** Returns the same LoRA with another start. */
    public Lora withStart(LoraStart other) {
        return new Lora(rank, alpha, rankStabilized, dropout, other);
    }

    /** Returns whether the start takes part of the frozen weight over, which then becomes a residual. */
    public boolean changesWeight() {
        return start instanceof LoraStart.Factored;
    }

    /** Returns s. */
    public double scale() {
        return alpha / (rankStabilized ? Math.sqrt(rank) : rank);
    }

    @Override
    public String name() {
        if (start instanceof LoraStart.Factored factored) {
            return factored.name();
        }
        return rankStabilized ? "rslora" : "lora";
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
        return visitor.lora(this);
    }

    @Override
    public void check(LayerSpec layer) {
        if (start instanceof LoraStart.Factored factored && rank > factored.maxRank(layer)) {
            throw new AdapterException(layer.describe() + ": " + factored.name() + " allows a rank of at most "
                    + factored.maxRank(layer) + " there, not " + rank);
        }
    }

    @Override
    public List<AdapterParameter> parameters(LayerSpec layer) {
        Initializer startA = start == LoraStart.Drawn.GAUSSIAN ? Initializer.GAUSSIAN : Initializer.KAIMING_UNIFORM;
        Initializer startB = start == LoraStart.Drawn.BOTH ? Initializer.KAIMING_UNIFORM : Initializer.ZEROS;
        return List.of(
                new AdapterParameter(A, Shape.of(rank, layer.in()), startA),
                new AdapterParameter(B, Shape.of(layer.out(), rank), startB));
    }

    @Override
    public Optional<WeightStart> weightStart(LayerSpec layer) {
        if (!(start instanceof LoraStart.Factored)) {
            return Optional.empty();
        }
        Started started = started(layer);
        return Optional.of(started.toWeightStart(name(), layer, started.outputs(layer)));
    }

    /** A, B and the frozen weight as they start, in the type of the parameters. */
    Started started(LayerSpec layer) {
        DType type = layer.parameterType();
        Tensor frozen = layer.weight();
        Tensor weight = frozen.cast(type);
        List<Tensor> inputs = new ArrayList<>(List.of(frozen));
        if (start instanceof LoraStart.Factored factored) {
            Factorization factorization = factored.factorization(this, layer);
            Map<String, Tensor> factors = factorization.inputs(layer, type);
            inputs.addAll(factors.values());
            LoraStart.Matrices started = factored.start(this, layer, factors);
            Tensor residual = weight.sub(started.b().matMul(started.a().scale(scale())));
            return new Started(Optional.of(factorization), inputs, started, residual);
        }
        parameters(layer).forEach(parameter -> inputs.add(Tensor.input(parameter.name(), parameter.shape(), type)));
        return new Started(Optional.empty(), inputs, new LoraStart.Matrices(inputs.get(1), inputs.get(2)), weight);
    }

    /** What {@link #started} returns. */
    record Started(
            Optional<Factorization> factorization, List<Tensor> inputs, LoraStart.Matrices matrices, Tensor weight) {
        /** What differs from how it was drawn. */
        Map<String, Tensor> outputs(LayerSpec layer) {
            Map<String, Tensor> outputs = new LinkedHashMap<>();
            if (factorization.isPresent()) {
                outputs.put(A, matrices.a());
                outputs.put(B, matrices.b());
                outputs.put(LayerSpec.WEIGHT, weight.cast(layer.weightType()));
            }
            return outputs;
        }

        WeightStart toWeightStart(String method, LayerSpec layer, Map<String, Tensor> outputs) {
            return new WeightStart(factorization, Graph.of(method + ".start " + layer.describe(), inputs, outputs));
        }
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
