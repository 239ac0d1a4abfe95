package org.bonepeft.graph;

import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** Prints a {@link Graph} for people: as text, one line an operation, and in Graphviz's DOT language. */
public final class GraphText {
    private GraphText() {}

    /**
     * Returns a line for each operation and each output:
     *
     * <pre>
     * bone.forward
     *   %0 = input x                [T, 6] F32
     *   %1 = matMul %0 %4           [T, 8] F32
     *   return y = %1
     * </pre>
     */
    public static String print(Graph graph) {
        StringBuilder text = new StringBuilder(graph.name()).append('\n');
        Map<Tensor, String> names = numbered(graph);
        for (Tensor node : graph.nodes()) {
            String operation = names.get(node) + " = " + node.op().name()
                    + node.op().operands().stream()
                            .map(operand -> " " + names.get(operand))
                            .collect(Collectors.joining())
                    + (node.op().attributes().isEmpty() ? "" : " " + node.op().attributes());
            text.append("  %-44s %s %s%n".formatted(operation, node.shape(), node.type()));
        }
        graph.outputs()
                .forEach((label, tensor) -> text.append("  return %s = %s%n".formatted(label, names.get(tensor))));
        return text.toString();
    }

    /** Returns the graph for {@code dot -Tsvg}: inputs as boxes, operations as ellipses, outputs in bold. */
    public static String dot(Graph graph) {
        StringBuilder text = new StringBuilder("digraph \"" + escape(graph.name()) + "\" {\n  rankdir=BT;\n");
        Map<Tensor, String> names = numbered(graph);
        for (Tensor node : graph.nodes()) {
            Op op = node.op();
            String label = op instanceof Op.Input ? op.attributes() : (op.name() + " " + op.attributes()).trim();
            text.append("  \"%s\" [shape=%s,style=%s,label=\"%s\\n%s\"];%n"
                    .formatted(
                            names.get(node),
                            op instanceof Op.Input ? "box" : "ellipse",
                            graph.outputs().containsValue(node) ? "bold" : "solid",
                            escape(label),
                            node.shape()));
            for (Tensor operand : op.operands()) {
                text.append("  \"%s\" -> \"%s\";%n".formatted(names.get(operand), names.get(node)));
            }
        }
        return text.append("}\n").toString();
    }

    private static Map<Tensor, String> numbered(Graph graph) {
        Map<Tensor, String> names = new HashMap<>();
        graph.nodes().forEach(node -> names.put(node, "%" + names.size()));
        return names;
    }

    private static String escape(String label) {
        return label.replace("\\", "\\\\").replace("\"", "\\\"");
    }
}
