package org.bonepeft.graph;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bonepeft.BoneException;
import org.jspecify.annotations.Nullable;

/**
 * A pure function of named inputs to named outputs: {@link Tensor}s in topological order. Immutable, and safe to share
 * between threads.
 */
public final class Graph {
    private final String name;
    private final Map<String, Tensor> inputs;
    private final Map<String, Tensor> outputs;
    private final List<Tensor> nodes;
    private final Map<Tensor, Integer> uses = new HashMap<>();
    private final Map<Tensor, List<Tensor>> lastUses = new HashMap<>();
    private final Set<Tensor> reusable = new HashSet<>();

    private Graph(String name, Map<String, Tensor> inputs, Map<String, Tensor> outputs, List<Tensor> nodes) {
        this.name = name;
        this.inputs = Collections.unmodifiableMap(inputs);
        this.outputs = Collections.unmodifiableMap(outputs);
        this.nodes = nodes;
        analyse();
    }

    /**
     * Returns the graph that computes {@code outputs}.
     *
     * @param name what it computes, for printing and errors
     * @param inputs its inputs in order; one that the outputs do not need is allowed
     * @throws GraphException if the outputs need an input that is not listed, or two inputs have one name
     */
    public static Graph of(String name, List<Tensor> inputs, Map<String, Tensor> outputs) {
        Map<String, Tensor> byName = new LinkedHashMap<>();
        for (Tensor input : inputs) {
            if (!(input.op() instanceof Op.Input given)) {
                throw new GraphException(name + ": " + input + " is not an input");
            }
            if (byName.put(given.label(), input) != null) {
                throw new GraphException(name + ": two inputs are named " + given.label());
            }
        }
        List<Tensor> nodes = new ArrayList<>();
        Set<Tensor> seen = new HashSet<>();
        outputs.values().forEach(output -> collect(output, nodes, seen));
        for (Tensor node : nodes) {
            if (node.op() instanceof Op.Input given && byName.get(given.label()) != node) {
                throw new GraphException(name + ": input " + given.label() + " is not listed");
            }
        }
        return new Graph(name, byName, new LinkedHashMap<>(outputs), List.copyOf(nodes));
    }

    private static void collect(Tensor tensor, List<Tensor> nodes, Set<Tensor> seen) {
        if (seen.add(tensor)) {
            tensor.op().operands().forEach(operand -> collect(operand, nodes, seen));
            nodes.add(tensor);
        }
    }

    private void analyse() {
        Map<Tensor, Tensor> last = new HashMap<>();
        for (Tensor node : nodes) {
            for (Tensor operand : node.op().operands()) {
                uses.merge(operand, 1, Integer::sum);
                last.put(operand, node);
            }
        }
        outputs.values().forEach(output -> uses.merge(output, 1, Integer::sum));
        for (Tensor node : nodes) {
            Tensor user = last.get(node);
            if (mayReuse(node)) {
                reusable.add(node);
            }
            boolean takenOver =
                    user != null && mayReuse(user) && user.op().operands().get(0) == node;
            if (user != null && !takenOver && !(node.op() instanceof Op.Input) && !outputs.containsValue(node)) {
                lastUses.computeIfAbsent(user, key -> new ArrayList<>()).add(node);
            }
        }
    }

    /** The first operand is a fresh array that nobody else reads, now or in the backward pass. */
    private boolean mayReuse(Tensor node) {
        if (!(node.op() instanceof Op.Add || node.op() instanceof Op.AddMatMul)) {
            return false;
        }
        Tensor first = node.op().operands().get(0);
        return first.shape().equals(node.shape()) && isFresh(first);
    }

    private boolean isFresh(Tensor tensor) {
        if (uses.getOrDefault(tensor, 0) != 1) {
            return false;
        }
        Op op = tensor.op();
        if (op instanceof Op.Reshape || op instanceof Op.Permute) {
            // A reshape of a permuted view copies, but not if a dimension of 1 left the order of the elements alone.
            return isFresh(op.operands().get(0));
        }
        return op instanceof Op.Add
                || op instanceof Op.AddMatMul
                || op instanceof Op.MatMul
                || op instanceof Op.Pad
                || op instanceof Op.Tile
                || op instanceof Op.Concat;
    }

    /** Returns what the graph computes, for people. */
    public String name() {
        return name;
    }

    /** Returns the inputs by name, in order. */
    public Map<String, Tensor> inputs() {
        return inputs;
    }

    /** Returns the outputs by name, in order. */
    public Map<String, Tensor> outputs() {
        return outputs;
    }

    /** Returns all values that the outputs need, each after its operands. */
    public List<Tensor> nodes() {
        return nodes;
    }

    /** Returns the intermediate values that no operation after {@code node} needs. */
    List<Tensor> lastUses(Tensor node) {
        return lastUses.getOrDefault(node, List.of());
    }

    /** Returns whether the memory of the first operand of {@code node} may hold its result. */
    public boolean mayReuseFirstOperand(Tensor node) {
        return reusable.contains(node);
    }

    /**
     * Computes the outputs.
     *
     * @param values one for each input that the outputs need
     * @throws GraphException if such an input has no value
     * @throws BoneException if an operation fails, with the name of the graph: a singular matrix, say
     */
    public <T> Map<String, T> evaluate(Backend<T> backend, Map<String, T> values) {
        Map<Tensor, T> known = new HashMap<>();
        for (Tensor node : nodes) {
            if (node.op() instanceof Op.Input input) {
                @Nullable T value = values.get(input.label());
                if (value == null) {
                    throw new GraphException(
                            name + " needs " + input.label() + " " + node.shape() + ", was given " + values.keySet());
                }
                known.put(node, value);
                continue;
            }
            List<T> operands = new ArrayList<>(3);
            for (Tensor operand : node.op().operands()) {
                operands.add(valueOf(known, operand));
            }
            known.put(node, compute(node, backend, operands));
            for (Tensor finished : lastUses(node)) {
                backend.release(valueOf(known, finished));
            }
        }
        Map<String, T> results = new LinkedHashMap<>();
        outputs.forEach((label, tensor) -> results.put(label, valueOf(known, tensor)));
        return results;
    }

    private <T> T compute(Tensor node, Backend<T> backend, List<T> operands) {
        try {
            return node.op().evaluate(backend, operands, mayReuseFirstOperand(node));
        } catch (BoneException e) {
            String what = node.op() instanceof Op.Inverse inverse ? inverse.what() : node.toString();
            throw new BoneException(name + ": " + what + ": " + e.getMessage(), e);
        }
    }

    private static <T> T valueOf(Map<Tensor, T> known, Tensor tensor) {
        @Nullable T value = known.get(tensor);
        if (value == null) {
            throw new IllegalStateException("not in topological order: " + tensor);
        }
        return value;
    }

    /** Prints the graph, one line an operation. */
    @Override
    public String toString() {
        return GraphText.print(this);
    }
}
