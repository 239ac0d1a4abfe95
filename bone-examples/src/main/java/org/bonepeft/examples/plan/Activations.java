package org.bonepeft.examples.plan;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bonepeft.djl.model.CausalLm;
import org.bonepeft.djl.model.LinearShape;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.djl.torch.Kernels;

/**
 * What the activations of a training step take at their peak, in bytes. A layer keeps for its backward pass the outputs
 * of its linears (those that are added to the stream count as the stream), the output of the attention, the activated
 * gate of a gated MLP, the inputs of its adapted linears, and what these keep beside them. On top of all layers come the
 * head, and what the backward pass of one layer needs at a time.
 *
 * @param kept as it is
 * @param recomputed if the layers are computed again: their inputs, and all of one layer
 */
public record Activations(double kept, double recomputed) {
    private static final Pattern LAYER = Pattern.compile("(.*?layers?\\.\\d+|.*?blocks\\.\\d+)\\.(.*)");
    private static final Pattern ATTENTION_INPUT = Pattern.compile("(.*\\.)?(q_proj|k_proj|v_proj|query|key|value)");
    private static final Pattern ATTENTION_OUTPUT = Pattern.compile("(.*\\.)?(o_proj|attention\\.output\\.dense)");
    /** What the engine's kernels take beside tensors, as measured; it counts with small models only. */
    private static final double KERNELS = 2.5 * (1 << 20);

    private static final Pattern GATE = Pattern.compile("(.*\\.)?(gate_proj|up_proj)");

    /**
     * Estimates.
     *
     * @param adapterBytes what adapted linears keep beside their inputs, by path
     * @param keepsInput whether adapted linears keep their inputs; a sum over blocks needs none
     * @param tokens of a micro-batch
     * @param elementBytes of the model's type
     */
    static Activations of(
            ModelBlock model, Map<String, Double> adapterBytes, boolean keepsInput, long tokens, int elementBytes) {
        Map<String, Double> layers = new LinkedHashMap<>();
        Map<String, Set<String>> inputs = new LinkedHashMap<>();
        double largest = 0;
        double stream = 0;
        double rest = 0;
        for (LinearShape linear : model.linears()) {
            double unit = (double) tokens * elementBytes;
            Matcher matcher = LAYER.matcher(linear.path());
            double adapter = adapterBytes.getOrDefault(linear.path(), 0.0);
            if (!matcher.matches()) {
                rest += adapter;
                continue;
            }
            String name = matcher.group(2);
            double bytes = linear.out() * unit + adapter;
            if (ATTENTION_OUTPUT.matcher(name).matches()) {
                bytes += linear.in() * unit;
                stream = linear.out() * unit;
            }
            if (name.endsWith("gate_proj")) {
                bytes += linear.out() * unit;
            }
            Set<String> known = inputs.computeIfAbsent(matcher.group(1), layer -> new HashSet<>());
            if (keepsInput && adapterBytes.containsKey(linear.path()) && known.add(input(name))) {
                bytes += linear.in() * unit;
            }
            layers.merge(matcher.group(1), bytes, Double::sum);
            largest = Math.max(largest, linear.out() * unit);
        }
        double all = layers.values().stream().mapToDouble(Double::doubleValue).sum();
        double one =
                layers.values().stream().mapToDouble(Double::doubleValue).max().orElse(0);
        double above = rest + head(model, tokens, elementBytes) + 2 * stream;
        double backward = 3 * largest;
        return new Activations(
                KERNELS + all + Math.max(above, backward),
                KERNELS + layers.size() * stream + Math.max(above, one + backward + stream));
    }

    private static String input(String name) {
        return ATTENTION_INPUT.matcher(name).matches()
                ? "attention"
                : GATE.matcher(name).matches() ? "mlp" : name;
    }

    /** A language model's loss has logits, and their gradient, of a part of the tokens at a time. */
    private static double head(ModelBlock model, long tokens, int elementBytes) {
        if (!(model instanceof CausalLm lm)) {
            return 0;
        }
        double rows = Math.min(tokens, Kernels.chunkRows(lm.vocabSize()));
        return rows * lm.vocabSize() * (elementBytes + Float.BYTES);
    }
}
