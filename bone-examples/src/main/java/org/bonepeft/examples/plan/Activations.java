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
import org.bonepeft.djl.model.llama.LlamaForCausalLm;
import org.bonepeft.djl.model.rwkv6.Rwkv6ForCausalLm;
import org.bonepeft.djl.torch.Kernels;

/**
 * What the activations of a training step take at their peak, in bytes. A layer keeps for its backward pass the outputs
 * of its linears (those that are added to the stream count as the stream), the output of the attention, the activated
 * gate of a gated MLP, the inputs of its adapted linears, what these keep beside them, and, in half precision, what a
 * root-mean-square norm takes in, in float32. On top of all layers come the head, and what the backward pass of one layer
 * needs at a time.
 *
 * @param kept as it is
 * @param recomputed if the layers are computed again: their inputs, and all of one layer
 */
public record Activations(double kept, double recomputed) {
    private static final Pattern LAYER = Pattern.compile("(.*?layers?\\.\\d+|.*?blocks\\.\\d+)\\.(.*)");
    private static final Pattern ATTENTION_INPUT = Pattern.compile("(.*\\.)?(q_proj|k_proj|v_proj|query|key|value)");
    private static final Pattern ATTENTION_OUTPUT = Pattern.compile("(.*\\.)?(o_proj|attention\\.output\\.dense)");
    private static final Pattern GATE = Pattern.compile("(.*\\.)?(gate_proj|up_proj)");

    /** What the engine's kernels take beside tensors, as measured; it counts with small models only. */
    private static final double KERNELS = 2.5 * (1 << 20);

    /** What one layer keeps, in its attention and in the rest. */
    private static final class Layer {
        private final Set<String> inputs = new HashSet<>();
        private double attention;
        private double rest;

        void add(boolean toAttention, double bytes) {
            if (toAttention) {
                attention += bytes;
            } else {
                rest += bytes;
            }
        }

        double all() {
            return attention + rest;
        }
    }

    /**
     * What adapted linears keep.
     *
     * @param bytes beside their inputs, by path
     * @param inputs whether their inputs; a sum over blocks needs none
     * @param weights whether a matrix as large as the weight is among it
     */
    record Adapted(Map<String, Double> bytes, boolean inputs, boolean weights) {}

    /**
     * Estimates.
     *
     * @param tokens of a micro-batch
     * @param elementBytes of the model's type
     */
    static Activations of(ModelBlock model, Adapted adapted, long tokens, int elementBytes) {
        Map<String, Layer> layers = new LinkedHashMap<>();
        double unit = (double) tokens * elementBytes;
        double norm = model instanceof LlamaForCausalLm && elementBytes < Float.BYTES ? tokens * Float.BYTES : 0;
        double largest = 0;
        double stream = 0;
        double above = 0;
        for (LinearShape linear : model.linears()) {
            Matcher matcher = LAYER.matcher(linear.path());
            double adapter = adapted.bytes.getOrDefault(linear.path(), 0.0);
            if (!matcher.matches()) {
                above += adapter;
                continue;
            }
            Layer layer = layers.computeIfAbsent(matcher.group(1), path -> new Layer());
            String name = matcher.group(2);
            boolean closesAttention = ATTENTION_OUTPUT.matcher(name).matches();
            boolean attends = closesAttention || ATTENTION_INPUT.matcher(name).matches();
            layer.add(attends, linear.out() * unit + adapter);
            if (closesAttention) {
                stream = linear.out() * unit;
                layer.add(true, linear.in() * unit + linear.out() * norm);
                layer.add(false, linear.out() * norm);
            }
            if (name.endsWith("gate_proj")) {
                layer.add(false, linear.out() * unit);
            }
            if (adapted.inputs && adapted.bytes.containsKey(linear.path()) && layer.inputs.add(input(name))) {
                layer.add(attends, linear.in() * unit);
            }
            largest = Math.max(largest, linear.out() * unit);
        }
        double all = layers.values().stream().mapToDouble(Layer::all).sum();
        boolean inParts = adapted.weights && !(model instanceof Rwkv6ForCausalLm);
        double once = stream;
        double one = layers.values().stream()
                .mapToDouble(layer -> inParts ? Math.max(layer.attention, layer.rest + once) : layer.all())
                .max()
                .orElse(0);
        above += head(model, tokens, elementBytes) + 2 * stream;
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

    /**
     * A language model's loss has logits, and their gradient, of a part of the tokens at a time; in half precision in
     * float32 too, before and after the softmax.
     */
    private static double head(ModelBlock model, long tokens, int elementBytes) {
        if (!(model instanceof CausalLm lm)) {
            return 0;
        }
        double rows = Math.min(tokens, Kernels.chunkRows(lm.vocabSize()));
        int copies = elementBytes < Float.BYTES ? 2 : 1;
        return rows * lm.vocabSize() * (elementBytes + copies * Float.BYTES);
    }
}
