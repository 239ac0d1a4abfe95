package org.bonepeft.graph;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reverse-mode differentiation of a {@link Graph} into another graph. */
public final class Gradients {
    /** The input that holds the cotangent of the output. */
    public static final String COTANGENT = "dy";

    private Gradients() {}

    /**
     * Returns the graph that computes, for a function y = f(inputs) and a cotangent {@code dy} of y, the gradient of
     * sum(y dy) with respect to some inputs. It has the inputs of {@code forward} and {@code dy}; its outputs are named
     * as the inputs that they belong to. An input that does not reach the output has a gradient of zeros.
     *
     * @param forward a graph with one output
     * @param wrt names of inputs
     */
    public static Graph of(Graph forward, Collection<String> wrt) {
        if (forward.outputs().size() != 1) {
            throw new GraphException(
                    forward.name() + " has " + forward.outputs().size() + " outputs, expected one");
        }
        Tensor output = forward.outputs().values().iterator().next();
        Set<Tensor> needed = dependents(forward, wrt);
        Tensor seed = Tensor.input(COTANGENT, output.shape(), output.type());
        Map<Tensor, Tensor> cotangents = new HashMap<>();
        cotangents.put(output, seed);
        for (int i = forward.nodes().size() - 1; i >= 0; i--) {
            Tensor node = forward.nodes().get(i);
            @Nullable Tensor cotangent = cotangents.get(node);
            if (cotangent == null || !needed.contains(node)) {
                continue;
            }
            List<Tensor> operands = node.op().operands();
            for (int k = 0; k < operands.size(); k++) {
                Tensor operand = operands.get(k);
                if (needed.contains(operand)) {
                    node.op()
                            .pullBack(k, node, cotangent)
                            .ifPresent(part -> cotangents.merge(operand, part, Tensor::add));
                }
            }
        }
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        for (String label : wrt) {
            Tensor input = input(forward, label);
            outputs.put(label, cotangents.getOrDefault(input, Tensor.of(new Op.Scale(input, 0))));
        }
        List<Tensor> inputs = new ArrayList<>(forward.inputs().values());
        inputs.add(seed);
        return Graph.of(forward.name() + ".gradients", inputs, outputs);
    }

    private static Set<Tensor> dependents(Graph forward, Collection<String> wrt) {
        Set<Tensor> dependents = new HashSet<>();
        wrt.forEach(label -> dependents.add(input(forward, label)));
        for (Tensor node : forward.nodes()) {
            if (node.op().operands().stream().anyMatch(dependents::contains)) {
                dependents.add(node);
            }
        }
        return dependents;
    }

    private static Tensor input(Graph graph, String label) {
        @Nullable Tensor input = graph.inputs().get(label);
        if (input == null) {
            throw new GraphException(graph.name() + " has no input " + label + ", only "
                    + graph.inputs().keySet());
        }
        return input;
    }
}
