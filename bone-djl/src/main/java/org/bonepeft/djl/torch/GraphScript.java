package org.bonepeft.djl.torch;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.bonepeft.graph.Backend;
import org.bonepeft.graph.Graph;
import org.bonepeft.graph.Op;
import org.bonepeft.graph.Tensor;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;

/**
 * Prints a graph as a TorchScript method: a backend whose values are names of variables, and each of whose operations
 * writes one line. TorchScript drops a variable after its last use by itself.
 *
 * <p>Matrix products with an addend become {@code addmm} and {@code baddbmm}; where the graph says that the addend's
 * memory is free, they write into it. Types and constants are in the text, devices are those of the inputs.
 *
 * <p>A second method does the same for a few tokens, with the products of {@link FewRows}.
 */
final class GraphScript implements Backend<String> {
    /** The method's name. */
    static final String METHOD = "run";

    /** The method for at most {@link FewRows#MOST} tokens. */
    static final String METHOD_FEW = "run_few";

    private final boolean few;
    private final StringBuilder lines = new StringBuilder();
    private final List<String> labels = new ArrayList<>();
    private Tensor node;
    private int variables;

    private GraphScript(Graph graph, boolean few) {
        this.few = few;
        Map<Tensor, String> names = new HashMap<>();
        graph.inputs().forEach((label, input) -> {
            if (graph.nodes().contains(input)) {
                names.put(input, "x" + labels.size());
                labels.add(label);
            }
        });
        node = graph.outputs().values().iterator().next();
        Tensor output = node;
        for (Tensor next : graph.nodes()) {
            if (!(next.op() instanceof Op.Input)) {
                node = next;
                List<String> operands =
                        next.op().operands().stream().map(names::get).toList();
                names.put(next, next.op().evaluate(this, operands, graph.mayReuseFirstOperand(next)));
            }
        }
        lines.append("  return ").append(names.get(output)).append('\n');
    }

    /**
     * Methods.
     *
     * @param inputs the graph's inputs in the order of the parameters; those that the output does not need are left out
     * @param tokens the first of them that has rows for tokens
     */
    record Script(String text, List<String> inputs, Optional<String> tokens) {}

    /** Prints a graph with one output. */
    static Script of(Graph graph) {
        if (graph.outputs().size() != 1) {
            throw new IllegalArgumentException(
                    graph.name() + " has " + graph.outputs().size() + " outputs; one can be compiled");
        }
        GraphScript many = new GraphScript(graph, false);
        GraphScript few = new GraphScript(graph, true);
        Optional<String> tokens = graph.inputs().entrySet().stream()
                .filter(input -> many.labels.contains(input.getKey()))
                .filter(input -> input.getValue().shape().isOpen())
                .map(Map.Entry::getKey)
                .findFirst();
        String text = many.method(METHOD) + few.method(METHOD_FEW) + FewRows.TEXT;
        return new Script(text, List.copyOf(many.labels), tokens);
    }

    private String method(String name) {
        String parameters = IntStream.range(0, labels.size())
                .mapToObj(i -> ", x" + i + ": Tensor")
                .collect(Collectors.joining());
        return "def " + name + "(self: __torch__.M" + parameters + ") -> Tensor:\n" + lines + "\n";
    }

    private String line(String function, Object... arguments) {
        return assign("torch." + function, arguments);
    }

    private String assign(String function, Object... arguments) {
        String name = "v" + variables++;
        String list = Arrays.stream(arguments).map(Object::toString).collect(Collectors.joining(", "));
        lines.append("  ")
                .append(name)
                .append(" = ")
                .append(function)
                .append('(')
                .append(list)
                .append(")\n");
        return name;
    }

    private Shape operand(int index) {
        return node.op().operands().get(index).shape();
    }

    @Override
    public String identity(long n, DType type) {
        return line("eye", n, "dtype=" + TorchTypes.code(type), "device=ops.prim.device(x0)");
    }

    @Override
    public String add(String a, String b, boolean reuse) {
        return line(reuse ? "add_" : "add", a, b);
    }

    @Override
    public String sub(String a, String b) {
        return line("sub", a, b);
    }

    @Override
    public String mul(String a, String b) {
        return line("mul", a, b);
    }

    @Override
    public String div(String a, String b) {
        return line("div", a, b);
    }

    @Override
    public String scale(String a, double factor) {
        return line("mul", a, factor);
    }

    @Override
    public String matMul(String a, String b) {
        return product(a, b, 0);
    }

    private String product(String a, String b, int first) {
        Shape rows = operand(first);
        Shape matrix = operand(first + 1);
        boolean pays = few
                && rows.rank() == 2
                && rows.isOpen()
                && matrix.rank() == 2
                && !matrix.isOpen()
                && matrix.knownSize() >= FewRows.LEAST_ELEMENTS;
        return pays ? assign("self." + FewRows.METHOD, a, b) : line("matmul", a, b);
    }

    @Override
    public String addMatMul(String addend, String a, String b, boolean reuse) {
        int rank = operand(1).rank();
        if (!few && rank == operand(2).rank()) {
            if (rank == 2) {
                return line(reuse ? "addmm_" : "addmm", addend, a, b);
            }
            if (rank == 3 && operand(1).dim(0) == operand(2).dim(0)) {
                return line(reuse ? "baddbmm_" : "baddbmm", addend, a, b);
            }
        }
        // A fresh product is always free to be written to.
        String product = product(a, b, 1);
        return reuse ? line("add_", addend, product) : line("add_", product, addend);
    }

    @Override
    public String addMul(String addend, String a, String b) {
        return line("addcmul", addend, a, b);
    }

    @Override
    public String reshape(String a, Shape shape) {
        // An open dimension is the one that torch works out.
        return line(
                "reshape",
                a,
                sizes(LongStream.of(shape.toArray())
                        .map(dim -> Math.max(dim, -1))
                        .toArray()));
    }

    private static String sizes(long... dims) {
        return LongStream.of(dims).mapToObj(Long::toString).collect(Collectors.joining(", ", "[", "]"));
    }

    @Override
    public String permute(String a, List<Integer> axes) {
        return line("permute", a, axes);
    }

    @Override
    public String slice(String a, int axis, long begin, long end) {
        return line("slice", a, axis, begin, end);
    }

    @Override
    public String pad(String a, int axis, long before, long after) {
        // Torch lists the last dimension first.
        long[] padding = new long[2 * (operand(0).rank() - axis)];
        padding[padding.length - 2] = before;
        padding[padding.length - 1] = after;
        return line("constant_pad_nd", a, sizes(padding));
    }

    @Override
    public String tile(String a, int axis, long times) {
        long[] repeats = new long[operand(0).rank()];
        Arrays.fill(repeats, 1);
        repeats[axis] = times;
        return line("repeat", a, sizes(repeats));
    }

    @Override
    public String sum(String a, List<Integer> axes, boolean keepDims) {
        return line("sum", a, axes, keepDims ? "True" : "False");
    }

    @Override
    public String expandAs(String a, String like) {
        return line("expand_as", a, like);
    }

    @Override
    public String sqrt(String a) {
        return line("sqrt", a);
    }

    @Override
    public String inverse(String a) {
        if (node.type().bytes() >= Float.BYTES) {
            return line("linalg_inv", a);
        }
        return cast(line("linalg_inv", cast(a, DType.F32)), node.type());
    }

    @Override
    public String stopGradient(String a) {
        return line("detach", a);
    }

    @Override
    public String cast(String a, DType type) {
        return line("to", a, TorchTypes.code(type));
    }

    @Override
    public String dropoutMask(String like, double rate) {
        String empty = line("empty_like", stopGradient(like));
        return line("div_", line("bernoulli_", empty, 1 - rate), 1 - rate);
    }
}
