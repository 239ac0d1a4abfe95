package org.bonepeft.examples.plan;

import java.util.HashSet;
import java.util.Set;
import java.util.regex.Pattern;
import org.bonepeft.djl.model.LinearShape;

/** What one layer keeps for its backward pass, and what that takes beside it, in bytes; its linears are added one by one. */
final class LayerActivations {
    private static final Pattern ATTENTION_INPUT = Pattern.compile("(.*\\.)?(q_proj|k_proj|v_proj|query|key|value)");
    private static final Pattern ATTENTION_OUTPUT = Pattern.compile("(.*\\.)?(o_proj|attention\\.output\\.dense)");
    private static final Pattern MLP_OUTPUT = Pattern.compile("(.*\\.)?down_proj|output\\.dense");
    private static final Pattern GATE = Pattern.compile("(.*\\.)?(gate_proj|up_proj)");

    private final Model model;
    private final Set<String> inputs = new HashSet<>();
    private final Set<String> shared = new HashSet<>();
    private double input;
    private double attention;
    private double rest;
    private double stream;
    private double largest;
    private boolean keepsProduct;

    /**
     * What all layers of a model have in common.
     *
     * @param tokens of a step
     * @param elementBytes of an activation
     * @param streamBytes of an element of the stream, as the norm that reads it keeps it
     * @param normsLast whether norms follow the sums, and the MLP has no gate, as in RoBERTa
     * @param dropsOut whether outputs are dropped before they are added to the stream
     * @param weights of the attention
     */
    record Model(
            long tokens,
            int elementBytes,
            int streamBytes,
            boolean normsLast,
            boolean dropsOut,
            AttentionWeights weights) {
        double bytes(long features) {
            return (double) features * tokens * elementBytes;
        }
    }

    /**
     * What an adapted linear keeps.
     *
     * @param own bytes of its own
     * @param shared bytes that it has in common with the other linears of its input
     * @param input whether its input
     * @param weight whether a matrix as large as its weight is among its own
     */
    record Adapted(double own, double shared, boolean input, boolean weight) {
        /** Of a frozen linear. */
        static final Adapted NOT = new Adapted(0, 0, false, false);
    }

    LayerActivations(Model model) {
        this.model = model;
    }

    /**
     * Adds a linear.
     *
     * @param name its path within the layer
     */
    void add(String name, LinearShape linear, Adapted adapted) {
        double out = model.bytes(linear.out());
        boolean closesAttention = ATTENTION_OUTPUT.matcher(name).matches();
        boolean closesMlp = MLP_OUTPUT.matcher(name).matches();
        boolean attends = closesAttention || ATTENTION_INPUT.matcher(name).matches();
        largest = Math.max(largest, out);
        keep(attends, adapted.own);
        if (closesAttention || closesMlp) {
            stream = out;
            keep(attends, out / model.elementBytes * model.streamBytes + (model.dropsOut ? out : 0));
        } else {
            keep(attends, name.endsWith("gate_proj") ? 2 * out : out);
        }
        if (closesAttention) {
            keep(true, model.weights.kept());
        }
        if (adapted.shared > 0 && shared.add(input(name))) {
            keep(attends, adapted.shared);
        }
        if ((adapted.input || (closesAttention && model.weights.output())) && inputs.add(input(name))) {
            double in = model.bytes(linear.in());
            if (model.normsLast && input(name).equals("attention")) {
                input = in;
            } else {
                keep(attends, in);
            }
        }
        keepsProduct |= closesMlp && adapted.input;
    }

    private void keep(boolean inAttention, double bytes) {
        if (inAttention) {
            attention += bytes;
        } else {
            rest += bytes;
        }
    }

    private static String input(String name) {
        return ATTENTION_INPUT.matcher(name).matches()
                ? "attention"
                : GATE.matcher(name).matches() ? "mlp" : name;
    }

    /** Returns what the layer adds to the stream. */
    double stream() {
        return stream;
    }

    /** Returns all that the layer keeps. */
    double kept() {
        return input + attention + rest;
    }

    /**
     * Returns what the backward pass of the MLP takes: of RoBERTa's the gradients of the activation and of what it is
     * taken of; of a gated one those of the product and of both factors, when the product itself has been let go of.
     */
    double mlpBackward() {
        return (model.normsLast || keepsProduct ? 2 : 3) * largest;
    }

    /**
     * Returns the most that is there while the layer is computed again, beside its input.
     *
     * @param inParts whether its attention and the rest are computed again one after the other
     */
    double again(boolean inParts) {
        double inAttention = attention + model.weights.backward();
        double inMlp = rest + mlpBackward() + (inParts ? stream : attention);
        // The gradient of the output; and where the norm comes last, the output, which is not what the norm keeps.
        double out = model.normsLast ? 2 * stream : stream;
        return Math.max(inAttention, inMlp) + out;
    }
}
