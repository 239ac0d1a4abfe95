package org.bonepeft.examples.plan;

import ai.djl.nn.Parameter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bonepeft.adapter.AdapterGraphs;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Evaluation;
import org.bonepeft.adapter.Grouping;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.adapter.MissMini;
import org.bonepeft.djl.model.LinearShape;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.graph.Cost;
import org.bonepeft.graph.TokenCount;
import org.bonepeft.peft.Targets;
import org.bonepeft.tensor.DType;

/**
 * What a method costs on a model, in a training step over a number of tokens. Arithmetic of attention between tokens,
 * norms and embeddings is not counted: no method changes it.
 *
 * @param layers how many layers get an adapter
 * @param parameters trainable elements
 * @param flops floating-point operations of all linear layers for one token, forward and backward with dx
 * @param keptBytes what the adapted layers keep for the backward pass, beside their inputs
 * @param activations of the whole model
 */
public record Plan(int layers, long parameters, double flops, double keptBytes, Activations activations) {
    /** A parameter in float32, its gradient, and the two means of AdamW. */
    private static final int BYTES_WITH_STATE = 16;

    /**
     * Plans a method.
     *
     * @param sequences of a step
     * @param type of the frozen weights
     */
    public static Plan of(ModelBlock model, AdapterMethod method, Targets targets, Sequences sequences, DType type) {
        long tokens = sequences.tokens();
        List<LinearShape> linears = model.linears();
        List<String> selected =
                targets.select(linears.stream().map(LinearShape::path).toList());
        long parameters = 0;
        double flops = 0;
        double keptBytes = 0;
        Map<String, LayerActivations.Adapted> adapted = new HashMap<>();
        for (LinearShape linear : linears) {
            if (selected.contains(linear.path())) {
                LayerSpec spec = new LayerSpec(linear.path(), linear.in(), linear.out(), linear.bias(), type, type);
                method.check(spec);
                parameters += method.parameterCount(spec);
                Evaluation way = AdapterGraphs.cheapest(method, spec, tokens, true);
                Cost cost = AdapterGraphs.cost(method, spec, way, true);
                flops += cost.flops().at(tokens) / tokens;
                keptBytes += cost.keptBytes().at(tokens);
                adapted.put(linear.path(), adapted(method, way, spec, cost.keptBytes(), tokens));
            } else {
                flops += frozenFlops(linear);
            }
        }
        return new Plan(
                selected.size(), parameters, flops, keptBytes, Activations.of(model, adapted, sequences, type.bytes()));
    }

    /**
     * Of each token Bone and Bat by columns and MiSS-mini keep the sum over the blocks of their input, which linears of
     * the same input compute once. Bone and MiSS-mini need nothing else of it.
     */
    private static LayerActivations.Adapted adapted(
            AdapterMethod method, Evaluation way, LayerSpec spec, TokenCount kept, long tokens) {
        boolean sums = method instanceof MissMini || (method instanceof Bone bone && bone.grouping() == Grouping.COL);
        boolean sumsToo = way == Evaluation.SPLIT && method instanceof Bat;
        double perToken = kept.perToken() * tokens;
        boolean weight = kept.fixed()
                >= (double) spec.in() * spec.out() * spec.weightType().bytes();
        return sums || sumsToo
                ? new LayerActivations.Adapted(kept.fixed(), perToken, !sums, weight)
                : new LayerActivations.Adapted(kept.fixed() + perToken, 0, true, weight);
    }

    /** y = W x and dx = W^T dy. */
    private static double frozenFlops(LinearShape linear) {
        return 4.0 * linear.in() * linear.out();
    }

    /** Returns {@link #flops} without any adapter. */
    static double frozenFlops(ModelBlock model) {
        return model.linears().stream().mapToDouble(Plan::frozenFlops).sum();
    }

    /** Returns the number of elements of all parameters. */
    static long size(ModelBlock model) {
        return model.tensors().values().stream()
                .map(Parameter::getShape)
                .mapToLong(shape -> shape.size())
                .sum();
    }

    /** Returns the size of the adapter's file, float32; the header adds about 100 bytes a tensor. */
    long fileBytes() {
        return 4 * parameters;
    }

    /** Returns what the parameters take in training: values, gradients and the state of AdamW. */
    long stateBytes() {
        return BYTES_WITH_STATE * parameters;
    }
}
