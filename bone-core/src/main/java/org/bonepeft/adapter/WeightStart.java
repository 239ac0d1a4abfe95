package org.bonepeft.adapter;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.bonepeft.graph.Backend;
import org.bonepeft.graph.Decompositions;
import org.bonepeft.graph.Graph;
import org.bonepeft.graph.Tensor;
import org.bonepeft.tensor.DType;

/**
 * How an adapter starts where that depends on the frozen weight, or on its first gradient.
 *
 * @param factorization what to decompose first, if anything
 * @param graph inputs: {@code weight}, the parameters as their initializers drew them, and the factors; outputs: the
 *     parameters that start otherwise, and {@code weight} if the frozen weight gives up what the adapter takes over, so
 *     that the adapted layer still starts as the base
 */
public record WeightStart(Optional<Factorization> factorization, Graph graph) {
    /** The input that holds the loss's gradient of the weight, [out, in]. */
    public static final String GRADIENT = "gradient";

    /** Returns whether the start needs the loss's first gradient of the weight. */
    public boolean needsGradient() {
        return factorization.filter(f -> f.matrix().equals(GRADIENT)).isPresent();
    }

    /**
     * Computes the start.
     *
     * @param values the weight, the drawn parameters and, if needed, the gradient; none is changed
     * @return new values, by the names of parameters and perhaps {@code weight}
     */
    public <T> Map<String, T> evaluate(Backend<T> backend, Decompositions<T> decompositions, Map<String, T> values) {
        Map<String, T> inputs = new LinkedHashMap<>(values);
        factorization.ifPresent(factors -> {
            T matrix = values.get(factors.matrix());
            if (matrix == null) {
                throw new AdapterException(graph.name() + " needs the " + factors.matrix() + ", was given "
                        + values.keySet() + (needsGradient() ? "; run one batch backward first" : ""));
            }
            Tensor weight = graph.inputs().get(LayerSpec.WEIGHT);
            boolean half = weight != null && weight.type().bytes() < DType.F32.bytes();
            inputs.putAll(factors.compute(decompositions, half ? backend.cast(matrix, DType.F32) : matrix));
        });
        return graph.evaluate(backend, inputs);
    }
}
