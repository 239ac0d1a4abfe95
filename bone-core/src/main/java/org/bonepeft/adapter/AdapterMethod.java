package org.bonepeft.adapter;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bonepeft.graph.Tensor;

/**
 * A way to adapt a frozen linear layer y = x W^T + bias: W becomes W + DeltaW, where DeltaW comes from a few trainable
 * parameters. An implementation is a record of hyperparameters; everything it says about a layer is a pure function.
 *
 * <p>Parameters are passed to the graph methods as tensors by {@link AdapterParameter#name name}, already in the type
 * of the weight.
 */
public sealed interface AdapterMethod permits Bone, MissMini, Bat, Hadamard, Unconstrained, Lora, Dora {
    /** Returns the method's name in configurations and on the command line, for example {@code bone}. */
    String name();

    /** Returns the rank r, or the size b of the parameter blocks. */
    int rank();

    /**
     * Checks that the method fits a layer.
     *
     * @throws AdapterException if not; it says why and which setting would fit
     */
    void check(LayerSpec layer);

    /** Returns the trainable parameters that a layer gets. */
    List<AdapterParameter> parameters(LayerSpec layer);

    /** Returns how the adapter starts if the parameters' initializers do not say it all. */
    default Optional<WeightStart> weightStart(LayerSpec layer) {
        return Optional.empty();
    }

    /** Returns the ways in which the method can be evaluated, {@link Evaluation#FORMED} always among them. */
    List<Evaluation> evaluations();

    /**
     * Returns the ways in which a forward pass can be evaluated: in training with dropout all but
     * {@link Evaluation#FORMED}, since a formed weight cannot tell the adapter's input from the frozen layer's.
     */
    default List<Evaluation> evaluations(boolean training) {
        return training && dropout() > 0
                ? evaluations().stream()
                        .filter(evaluation -> evaluation != Evaluation.FORMED)
                        .toList()
                : evaluations();
    }

    /** Returns the ways, of {@link #evaluations(boolean)}, among which the cheapest is taken: all by default. */
    default List<Evaluation> choices(boolean training) {
        return evaluations(training);
    }

    /** Returns the rate at which inputs of the adapter are zeroed in training. */
    default double dropout() {
        return 0;
    }

    /** Returns DeltaW, (out, in), for a weight W. */
    Tensor delta(LayerSpec layer, Tensor weight, Map<String, Tensor> parameters);

    /**
     * Returns W, given W + DeltaW; empty if DeltaW does not determine it.
     *
     * @param merged W + DeltaW, (out, in)
     */
    Optional<Tensor> inverse(LayerSpec layer, Tensor merged, Map<String, Tensor> parameters);

    /**
     * Returns the map x -> x (W + DeltaW)^T around a map x -> x W^T.
     *
     * @param evaluation one of {@link #evaluations}, other than {@link Evaluation#FORMED}
     * @param training whether dropout is active
     */
    LinearMap adapt(
            LayerSpec layer, LinearMap base, Map<String, Tensor> parameters, Evaluation evaluation, boolean training);

    /**
     * Returns what the visitor says of this kind of method. Code that must know every method is a visitor, so that a new
     * method does not compile before it is known there.
     */
    <R> R accept(Visitor<R> visitor);

    /** One function for each kind of method. */
    interface Visitor<R> {
        /** Called by {@link Bone}. */
        R bone(Bone method);

        /** Called by {@link MissMini}. */
        R missMini(MissMini method);

        /** Called by {@link Bat}. */
        R bat(Bat method);

        /** Called by {@link Hadamard}. */
        R hadamard(Hadamard method);

        /** Called by {@link Unconstrained}. */
        R unconstrained(Unconstrained method);

        /** Called by {@link Lora}. */
        R lora(Lora method);

        /** Called by {@link Dora}. */
        R dora(Dora method);
    }

    /**
     * Returns the name of a parameter in which DeltaW is linear, so that multiplying it scales DeltaW; empty if there is
     * none, because DeltaW depends on W.
     */
    default Optional<String> linearParameter() {
        return Optional.empty();
    }

    /** Returns the number of trainable parameters that a layer gets. */
    default long parameterCount(LayerSpec layer) {
        return parameters(layer).stream()
                .mapToLong(parameter -> parameter.shape().size())
                .sum();
    }
}
