package org.bonepeft.adapter;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bonepeft.graph.Tensor;
import org.bonepeft.tensor.Shape;

/**
 * {@code W + DeltaW = m (W + s B A) / ||W + s B A||}: weight-decomposed LoRA. The norm is that of each row, and a constant
 * for the gradient; m is a trainable magnitude for each output.
 *
 * <p>{@code lora_A [r, in]}, {@code lora_B [out, r]}, {@code magnitude [out]}, which starts as the norms of the rows of
 * W. FACTORED: {@code y = m / ||..|| (x W^T + s (x A^T) B^T)}, and the norms without forming W + s B A, from
 * {@code ||W_o||^2 + sum_k (s B)_ok (2 W A^T + (s B) A A^T)_ok}. With dropout, as in PEFT, the undropped x passes through
 * W and what the adapter adds is computed from the dropped one, at the price of a second product with W. W + DeltaW does
 * not determine W. Source: Liu et al., "DoRA: Weight-Decomposed Low-Rank Adaptation"; PEFT's {@code tuners.lora.dora}.
 *
 * @param lora rank, scale, dropout and start of A and B
 */
public record Dora(Lora lora) implements AdapterMethod {
    /** The parameter m. */
    public static final String MAGNITUDE = "magnitude";

    /** Creates a DoRA without dropout, scaled by alpha / r. */
    public Dora(int rank, double alpha) {
        this(new Lora(rank, alpha));
    }

    @Override
    public String name() {
        return "dora";
    }

    @Override
    public int rank() {
        return lora.rank();
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
        return visitor.dora(this);
    }

    @Override
    public void check(LayerSpec layer) {
        lora.check(layer);
    }

    @Override
    public List<AdapterParameter> parameters(LayerSpec layer) {
        List<AdapterParameter> parameters = new ArrayList<>(lora.parameters(layer));
        parameters.add(new AdapterParameter(MAGNITUDE, Shape.of(layer.out()), Initializer.ONES));
        return List.copyOf(parameters);
    }

    @Override
    public Optional<WeightStart> weightStart(LayerSpec layer) {
        Lora.Started started = lora.started(layer);
        Tensor low = started.matrices().b().matMul(started.matrices().a().scale(lora.scale()));
        Map<String, Tensor> outputs = started.outputs(layer);
        outputs.put(MAGNITUDE, rowNorm(started.weight().add(low)).reshape(layer.out()));
        return Optional.of(started.toWeightStart(name(), layer, outputs));
    }

    @Override
    public double dropout() {
        return lora.dropout();
    }

    @Override
    public List<Evaluation> evaluations() {
        return List.of(Evaluation.FACTORED, Evaluation.FORMED);
    }

    @Override
    public Tensor delta(LayerSpec layer, Tensor weight, Map<String, Tensor> parameters) {
        Tensor moved = weight.add(lora.delta(layer, weight, parameters));
        Tensor norm = rowNorm(moved).stopGradient();
        Tensor direction = moved.div(norm);
        return direction
                .mul(Checks.parameter(parameters, MAGNITUDE).reshape(layer.out(), 1))
                .sub(weight);
    }

    /** The norms of the rows, [out, 1]. */
    static Tensor rowNorm(Tensor weight) {
        return weight.mul(weight).sum(1).reshape(weight.shape().dim(0), 1).sqrt();
    }

    @Override
    public Optional<Tensor> inverse(LayerSpec layer, Tensor merged, Map<String, Tensor> parameters) {
        return Optional.empty();
    }

    @Override
    public LinearMap adapt(
            LayerSpec layer, LinearMap base, Map<String, Tensor> parameters, Evaluation evaluation, boolean training) {
        Tensor a = Checks.parameter(parameters, Lora.A);
        Tensor b = Checks.parameter(parameters, Lora.B);
        Tensor norm = norm(
                layer,
                base.weight().stopGradient(),
                a.stopGradient(),
                b.stopGradient().scale(lora.scale()));
        Tensor gain = Checks.parameter(parameters, MAGNITUDE).div(norm);
        Tensor merged = base.weight().add(delta(layer, base.weight(), parameters));
        return LinearMap.of(merged, (x, addend) -> {
            Tensor dropped = x.dropout(training ? lora.dropout() : 0);
            Tensor low = dropped.matMul(a.transpose()).scale(lora.scale());
            Tensor plain = base.apply(dropped, Optional.empty());
            Tensor direction = plain.addMatMul(low, b.transpose());
            if (dropped == x) {
                return addend.map(sum -> sum.addMul(direction, gain)).orElseGet(() -> direction.mul(gain));
            }
            return base.apply(x, addend).sub(plain).addMul(direction, gain);
        });
    }

    /** The norms of the rows of W + b A, [out], through matrices of r columns only; a product of rows is a dot product. */
    private static Tensor norm(LayerSpec layer, Tensor weight, Tensor a, Tensor b) {
        Tensor own = weight.reshape(layer.out(), 1, layer.in())
                .matMul(weight.reshape(layer.out(), layer.in(), 1))
                .reshape(layer.out());
        Tensor cross = weight.matMul(a.scale(2).transpose());
        Tensor low = cross.addMatMul(b, a.matMul(a.transpose())).mul(b);
        return own.add(low.sum(1)).sqrt();
    }
}
