package org.bonepeft.djl.torch;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.bonepeft.graph.Backend;
import org.bonepeft.graph.Graph;
import org.bonepeft.graph.Op;
import org.bonepeft.graph.Tensor;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;

/**
 * Prints a graph as lines of TorchScript: a backend whose values are names of variables, and each of whose operations
 * writes one line. TorchScript drops a variable after its last use by itself.
 *
 * <p>Matrix products with an addend become {@code addmm} and {@code baddbmm}; where the graph says that the addend's
 * memory is free, they write into it. Types and constants are in the text, devices are those of the inputs.
 *
 * <p>For a few tokens the same is printed with the products of {@link FewRows}.
 */
final class GraphScript implements Backend<String> {
    /** The method's name. */
    static final String METHOD = "run";

    /** The method for at most {@link FewRows#MOST} tokens. */
    static final String METHOD_FEW = "run_few";

    private final Graph graph;
    private final Map<String, String> inputs;
    private final ScriptLines lines;
    private final boolean few;
    private final boolean shared;
    private final Set<Tensor> overwritten;
    private final Map<Tensor, String> names = new HashMap<>();
    private Tensor node;

    private GraphScript(Graph graph, Map<String, String> inputs, ScriptLines lines, boolean few, boolean shared) {
        this.graph = graph;
        this.inputs = inputs;
        this.lines = lines;
        this.few = few;
        this.shared = shared;
        this.overwritten = overwritten(graph);
        node = output(graph);
    }

    /**
     * Methods.
     *
     * @param inputs the graph's inputs in the order of the parameters; those that the output does not need are left out
     * @param tokens the first of them that has rows for tokens
     */
    record Script(String text, List<String> inputs, Optional<String> tokens) {}

    /** Prints a graph with one output as two methods, of any number of tokens and of a few. */
    static Script of(Graph graph) {
        List<String> inputs = inputs(graph);
        Optional<String> tokens = graph.inputs().entrySet().stream()
                .filter(input -> inputs.contains(input.getKey()))
                .filter(input -> input.getValue().shape().isOpen())
                .map(Map.Entry::getKey)
                .findFirst();
        String text = method(METHOD, graph, inputs, false) + method(METHOD_FEW, graph, inputs, true);
        return new Script(text, inputs, tokens);
    }

    private static String method(String name, Graph graph, List<String> inputs, boolean few) {
        Map<String, String> names = new LinkedHashMap<>();
        inputs.forEach(label -> names.put(label, "x" + names.size()));
        String parameters = names.values().stream()
                .map(variable -> ", " + variable + ": Tensor")
                .collect(Collectors.joining());
        ScriptLines lines = new ScriptLines();
        String result = print(graph, names, few, false, lines);
        return "def " + name + "(self: __torch__.M" + parameters + ") -> Tensor:\n" + lines.returning(result) + "\n";
    }

    /** Returns the names of the inputs that the output needs, in order. */
    static List<String> inputs(Graph graph) {
        return graph.inputs().entrySet().stream()
                .filter(input -> graph.nodes().contains(input.getValue()))
                .map(Map.Entry::getKey)
                .toList();
    }

    /**
     * Adds the lines of a graph with one output.
     *
     * @param inputs variables by the names of the graph's inputs
     * @param shared whether other graphs among the lines read the same inputs
     * @return the variable that holds the output
     */
    static String print(Graph graph, Map<String, String> inputs, boolean few, boolean shared, ScriptLines lines) {
        return new GraphScript(graph, inputs, lines, few, shared).print();
    }

    private static Tensor output(Graph graph) {
        if (graph.outputs().size() != 1) {
            throw new IllegalArgumentException(
                    graph.name() + " has " + graph.outputs().size() + " outputs; one can be compiled");
        }
        return graph.outputs().values().iterator().next();
    }

    /** The values whose memory an operation writes to, so that no other may read them. */
    private static Set<Tensor> overwritten(Graph graph) {
        Set<Tensor> overwritten = new HashSet<>();
        graph.nodes().stream().filter(graph::mayReuseFirstOperand).forEach(user -> {
            Tensor value = user.op().operands().get(0);
            while (overwritten.add(value) && (value.op() instanceof Op.Reshape || value.op() instanceof Op.Permute)) {
                value = value.op().operands().get(0);
            }
        });
        return overwritten;
    }

    private String print() {
        for (Tensor next : graph.nodes()) {
            if (next.op() instanceof Op.Input input) {
                names.put(next, Objects.requireNonNull(inputs.get(input.label())));
                continue;
            }
            node = next;
            List<String> operands =
                    next.op().operands().stream().map(this::name).toList();
            names.put(next, next.op().evaluate(this, operands, graph.mayReuseFirstOperand(next)));
        }
        return name(output(graph));
    }

    private String name(Tensor value) {
        return Objects.requireNonNull(names.get(value));
    }

    private String line(String function, Object... arguments) {
        return overwritten.contains(node) ? own(function, arguments) : lines.addOnce("torch." + function, arguments);
    }

    /** A line that looks at an operand in another way. */
    private String view(String function, Object... arguments) {
        return lines.addOnce("torch." + function, arguments);
    }

    /** A line whose result is written to, or that draws random numbers. */
    private String own(String function, Object... arguments) {
        return lines.add("torch." + function, arguments);
    }

    private Shape operand(int index) {
        return node.op().operands().get(index).shape();
    }

    @Override
    public String identity(long n, DType type) {
        return line(
                "eye",
                n,
                "dtype=" + TorchTypes.code(type),
                "device=ops.prim.device(" + inputs.values().iterator().next() + ")");
    }

    @Override
    public String add(String a, String b, boolean reuse) {
        return reuse ? own("add_", a, b) : line("add", a, b);
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
        return isFew(0) ? fewProduct(a, 0) : product(a, b, 0, false);
    }

    /**
     * The product of an operand and the next one. Torch's own {@code matmul} would broadcast in another way where a
     * gradient is recorded, with other last bits.
     *
     * @param fresh whether the result will be written to
     */
    private String product(String a, String b, int first, boolean fresh) {
        Shape left = operand(first);
        Shape right = operand(first + 1);
        boolean batched = left.rank() == 3 && right.rank() == 3;
        String function = batched ? "bmm" : left.rank() == 2 && right.rank() == 2 ? "mm" : "matmul";
        String x = batched ? batches(a, first, right) : a;
        String y = batched ? batches(b, first + 1, left) : b;
        return fresh ? own(function, x, y) : line(function, x, y);
    }

    /** An operand as one matrix for each of the other's. */
    private String batches(String a, int index, Shape other) {
        Tensor operand = node.op().operands().get(index);
        String matrices = shared && isCopied(operand) ? view("contiguous", a) : a;
        return operand.shape().dim(0) == 1 && other.dim(0) > 1
                ? view("expand", matrices, sizes(other.dim(0), -1, -1))
                : matrices;
    }

    /** Whether torch's bmm copies it on the CPU, in each product and again in its backward pass. */
    private static boolean isCopied(Tensor operand) {
        return operand.op() instanceof Op.Permute permuted
                && permuted.axes().get(0) != 0
                && operand.type().bytes() < Float.BYTES;
    }

    @Override
    public String addMatMul(String addend, String a, String b, boolean reuse) {
        int rank = operand(1).rank();
        if (isFew(1)) {
            String product = fewProduct(a, 1);
            return reuse ? own("add_", addend, product) : line("add", product, addend);
        }
        Optional<String> function = rank != operand(2).rank()
                ? Optional.empty()
                : rank == 2
                        ? Optional.of("addmm")
                        : rank == 3 && operand(1).dim(0) == operand(2).dim(0)
                                ? Optional.of("baddbmm")
                                : Optional.empty();
        if (function.isPresent()) {
            List<Object> arguments = new ArrayList<>(List.of(addend, a, b));
            if (node.op().operands().get(1).op() instanceof Op.Scale scaled) {
                arguments.set(1, name(scaled.a()));
                arguments.add("alpha=" + scaled.factor());
            }
            return reuse ? own(function.get() + "_", arguments.toArray()) : line(function.get(), arguments.toArray());
        }
        String product = product(a, b, 1, true);
        return reuse ? own("add_", addend, product) : own("add_", product, addend);
    }

    /** Whether the product of an operand and the next one has few rows, and a matrix that is not at hand in a cache. */
    private boolean isFew(int first) {
        Shape rows = operand(first);
        Shape matrix = operand(first + 1);
        boolean fits = rows.rank() == 2
                ? matrix.rank() == 2 && rows.isOpen()
                : matrix.rank() == 3 && rows.rank() == 3 && rows.dim(0) == matrix.dim(0) && rows.dim(1) == Shape.TOKENS;
        return few && fits && !matrix.isOpen() && matrix.knownSize() >= FewRows.LEAST_ELEMENTS;
    }

    /** As {@link FewRows} says; a product of batches is in parts already. */
    private String fewProduct(String rows, int first) {
        Tensor matrix = node.op().operands().get(first + 1);
        if (matrix.shape().rank() == 3) {
            String columns = matrix.op() instanceof Op.Permute permuted
                            && permuted.axes().equals(List.of(0, 2, 1))
                    ? name(permuted.a())
                    : view("transpose", name(matrix), 1, 2);
            return line("transpose", line("bmm", columns, view("transpose", rows, 1, 2)), 1, 2);
        }
        long in = matrix.shape().dim(0);
        long out = matrix.shape().dim(1);
        int parts = FewRows.parts(out);
        String columns = matrix.op() instanceof Op.Permute transposed
                ? view("reshape", name(transposed.a()), sizes(parts, out / parts, in))
                : view("permute", view("reshape", name(matrix), sizes(in, parts, out / parts)), List.of(1, 2, 0));
        String product = line("bmm", columns, view("expand", view("t", rows), sizes(parts, -1, -1)));
        return line("reshape", line("permute", product, List.of(2, 0, 1)), sizes(-1, out));
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
    public String concat(List<String> parts, int axis) {
        return line("cat", parts, axis);
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
        String empty = own("empty_like", stopGradient(like));
        return own("div_", own("bernoulli_", empty, 1 - rate), 1 - rate);
    }
}
