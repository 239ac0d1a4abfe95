package org.bonepeft.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import org.bonepeft.adapter.AdapterException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.adapter.Lora;
import org.bonepeft.adapter.LoraConvertible;
import org.bonepeft.djl.backend.NDArrayBackend;
import org.bonepeft.djl.backend.Scalars;
import org.bonepeft.djl.torch.Kernels;

/** {@code DeltaW = sum_k w_k DeltaW_k} of adapters on one layer whose DeltaW does not depend on the weight. */
final class WeightedSum {
    private final LayerSpec spec;
    private final NDManager scratch;

    private WeightedSum(LayerSpec spec, NDManager scratch) {
        this.spec = spec;
        this.scratch = scratch;
    }

    /**
     * An adapter.
     *
     * @param parameters by name
     * @param error the norm of what the sum lost, relative to its own; 0 if it is exact
     */
    record Result(AdapterMethod method, Map<String, NDArray> parameters, double error) {}

    /**
     * The sum of adapters of a layer; its parameters belong to {@code scratch}.
     *
     * @param weights by the names of the adapters
     * @param rank of the LoRA that the sum is reduced to; empty: as it comes
     */
    static Result of(AdaptedLinear layer, Map<String, Double> weights, OptionalInt rank, NDManager scratch) {
        List<LayerAdapter> parts = weights.keySet().stream()
                .map(name -> Objects.requireNonNull(layer.adapters().get(name)))
                .toList();
        return new WeightedSum(layer.spec(), scratch).of(parts, List.copyOf(weights.values()), rank);
    }

    /** The parts, in the order of the weights. */
    private Result of(List<LayerAdapter> parts, List<Double> weights, OptionalInt rank) {
        AdapterMethod first = parts.get(0).method();
        boolean alike = parts.stream().allMatch(part -> part.method().equals(first));
        if (rank.isEmpty() && alike && first instanceof LoraConvertible) {
            return blocks(parts, weights, first);
        }
        Result stacked = stacked(parts, weights);
        return rank.isEmpty() ? stacked : truncated(stacked, rank.getAsInt());
    }

    /** Equal shapes add element by element. */
    private Result blocks(List<LayerAdapter> parts, List<Double> weights, AdapterMethod method) {
        Map<String, NDArray> sums = new LinkedHashMap<>();
        for (int k = 0; k < parts.size(); k++) {
            double weight = weights.get(k);
            values(parts.get(k))
                    .forEach((label, value) -> sums.merge(label, Scalars.times(value, weight), NDArray::add));
        }
        return new Result(method, sums, 0);
    }

    /** Low ranks add up: {@code A = [A_1; A_2; ..], B = [w_1 s_1 B_1, w_2 s_2 B_2, ..]}, scale 1. */
    private Result stacked(List<LayerAdapter> parts, List<Double> weights) {
        NDArray a = null;
        NDArray b = null;
        for (int k = 0; k < parts.size(); k++) {
            Map<String, NDArray> low = asLora(parts.get(k));
            NDArray scaled =
                    Scalars.times(Objects.requireNonNull(low.get(Lora.B)), weights.get(k) * scale(parts.get(k)));
            NDArray nextA = Objects.requireNonNull(low.get(Lora.A));
            a = a == null ? nextA : a.concat(nextA, 0);
            b = b == null ? scaled : b.concat(scaled, 1);
        }
        NDArray rows = Objects.requireNonNull(a);
        int rank = Math.toIntExact(rows.getShape().get(0));
        return new Result(new Lora(rank, rank), Map.of(Lora.A, rows, Lora.B, Objects.requireNonNull(b)), 0);
    }

    private static double scale(LayerAdapter part) {
        return part.method() instanceof Lora lora ? lora.scale() : 1;
    }

    private Map<String, NDArray> asLora(LayerAdapter part) {
        if (part.method() instanceof Lora) {
            return values(part);
        }
        if (part.method() instanceof LoraConvertible convertible) {
            return convertible.toLora(spec).evaluate(new NDArrayBackend(scratch), values(part));
        }
        throw new AdapterException(spec.path() + ": " + part.method().name()
                + " depends on the weight; only Bone, MiSS-mini and LoRA have weighted sums");
    }

    private Map<String, NDArray> values(LayerAdapter part) {
        if (part.residual().isPresent()) {
            throw new AdapterException(spec.path() + ": an adapter with a frozen weight of its own has no weighted sum;"
                    + " export it as plain LoRA first");
        }
        Map<String, NDArray> values = new LinkedHashMap<>();
        part.parameters().forEach((label, parameter) -> {
            NDArray value = parameter.getArray().stopGradient();
            value.attach(scratch);
            values.put(label, value);
        });
        return values;
    }

    /** The nearest LoRA of a rank: {@code B A = U_r S_r V_r^T}, the root of S in each. */
    private Result truncated(Result exact, int rank) {
        NDArray delta = Objects.requireNonNull(exact.parameters().get(Lora.B))
                .matMul(Objects.requireNonNull(exact.parameters().get(Lora.A)));
        Kernels.Svd svd = Kernels.of(scratch).svd(delta);
        long most = svd.s().getShape().get(0);
        if (rank < 1 || rank > most) {
            throw new AdapterException(spec.path() + ": the rank must be from 1 to " + most + ", not " + rank);
        }
        NDArray root = svd.s().get("0:" + rank).sqrt();
        NDArray a = svd.vt().get("0:" + rank).mul(root.reshape(rank, 1));
        NDArray b = svd.u().get(":, 0:" + rank).mul(root.reshape(1, rank));
        double all = squares(svd.s());
        double lost = rank == most ? 0 : squares(svd.s().get(rank + ":"));
        return new Result(new Lora(rank, rank), Map.of(Lora.A, a, Lora.B, b), all == 0 ? 0 : Math.sqrt(lost / all));
    }

    private static double squares(NDArray values) {
        double sum = 0;
        for (float value : Values.floats(values)) {
            sum += (double) value * value;
        }
        return sum;
    }
}
