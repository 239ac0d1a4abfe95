package org.bonepeft.djl.torch;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.djl.backend.GraphCall;
import org.bonepeft.graph.Graph;
import org.jspecify.annotations.Nullable;

/**
 * A layer of a model as one native call, whatever adapters its linears carry: TorchScript methods with gaps that the
 * graphs of the linears fill.
 *
 * <p>A gap is a method {@code gap(x: Tensor, p: List[Tensor])} that the text calls but does not have: it takes x [rows,
 * in] to the outputs of one or more linears that read it, a tensor or a tuple of them. What these linears compute in
 * common, they compute once. p is the list that {@link Filled#tensors} makes. For a few rows of tokens the products are
 * those of {@link FewRows}.
 *
 * <p>Modules are compiled when they are first needed, shared by layers whose texts are equal, and freed with this.
 */
public final class LayerScript {
    /** More combinations of adapters than that are compiled again when they come back. */
    private static final int MOST_COMBINATIONS = 32;

    private final String text;
    private final List<Gap> gaps;
    private final List<String> linears;
    private final int before;
    private final Map<Key, Compiled> modules = new ConcurrentHashMap<>();

    /**
     * A gap.
     *
     * @param name the method's
     * @param linears the linears that fill it, by names of the caller's choice
     */
    public record Gap(String name, List<String> linears) {
        /** Creates a gap that linears fill. */
        public Gap(String name, String... linears) {
            this(name, List.of(linears));
        }
    }

    private record Key(List<Graph> graphs, boolean few) {}

    /**
     * The text with its gaps filled.
     *
     * @param labels what each linear reads beside x
     */
    private record Compiled(TorchModule module, List<List<String>> labels) {}

    /**
     * Creates a layer.
     *
     * @param text the methods
     * @param before how many tensors of the list p the text itself uses; those of the linears follow
     * @param gaps the gaps of the text
     */
    public LayerScript(String text, int before, Gap... gaps) {
        this.text = text;
        this.before = before;
        this.gaps = List.of(gaps);
        linears = this.gaps.stream().flatMap(gap -> gap.linears().stream()).toList();
    }

    /** Returns the names of the linears that {@link #fill} needs. */
    public List<String> linears() {
        return linears;
    }

    /** The layer with all gaps filled. */
    public final class Filled {
        private final Compiled compiled;
        private final List<GraphCall> calls;

        private Filled(Compiled compiled, List<GraphCall> calls) {
            this.compiled = compiled;
            this.calls = calls;
        }

        /** Starts a call of one of the text's methods. */
        public TorchModule.Call method(String name) {
            return compiled.module().method(name);
        }

        /** Returns the list p: {@code first}, then what the linears read beside x. */
        public List<NDArray> tensors(NDArray... first) {
            if (first.length != before) {
                throw new IllegalArgumentException(first.length + " tensors, expected " + before);
            }
            List<NDArray> tensors = new ArrayList<>(List.of(first));
            for (int i = 0; i < calls.size(); i++) {
                GraphCall call = calls.get(i);
                for (String label : compiled.labels().get(i)) {
                    @Nullable NDArray value = call.values().get(label);
                    if (value == null) {
                        throw new BoneException(call.graph().name() + " needs the input " + label + ", was given "
                                + call.values().keySet());
                    }
                    tensors.add(value);
                }
            }
            return tensors;
        }
    }

    /**
     * Returns the layer with its linears as they are now.
     *
     * @param linears the graph of each linear, whose input {@link LayerSpec#X} the text provides, and the values of the
     *     others
     * @param x what the layer gets
     */
    public Filled fill(Map<String, GraphCall> linears, NDArray x) {
        List<GraphCall> calls = this.linears.stream()
                .map(linear -> Objects.requireNonNull(linears.get(linear), linear))
                .toList();
        Key key = new Key(calls.stream().map(GraphCall::graph).toList(), FewRows.pay(x));
        @Nullable Compiled known = modules.get(key);
        return new Filled(known == null ? compile(key) : known, calls);
    }

    private synchronized Compiled compile(Key key) {
        if (modules.size() >= MOST_COMBINATIONS) {
            modules.clear();
        }
        return modules.computeIfAbsent(
                key,
                missing -> new Compiled(
                        TorchModule.compile(text(missing)).closeWhenUnreachable(),
                        missing.graphs().stream().map(LayerScript::labels).toList()));
    }

    private String text(Key key) {
        StringBuilder all = new StringBuilder(text).append('\n');
        int graph = 0;
        int tensor = before;
        for (Gap gap : gaps) {
            ScriptLines lines = new ScriptLines();
            List<String> outputs = new ArrayList<>();
            boolean shared = gap.linears().size() > 1;
            for (int i = 0; i < gap.linears().size(); i++) {
                Graph next = key.graphs().get(graph++);
                Map<String, String> inputs = new LinkedHashMap<>(Map.of(LayerSpec.X, "x"));
                for (String label : labels(next)) {
                    inputs.put(label, lines.element("p", tensor++));
                }
                outputs.add(GraphScript.print(next, inputs, key.few(), shared, lines));
            }
            String type = outputs.size() == 1
                    ? "Tensor"
                    : outputs.stream().map(output -> "Tensor").collect(Collectors.joining(", ", "Tuple[", "]"));
            all.append("def " + gap.name() + "(self: __torch__.M, x: Tensor, p: List[Tensor]) -> " + type + ":\n")
                    .append(lines.returning(outputs.toArray(String[]::new)))
                    .append('\n');
        }
        return all.toString();
    }

    private static List<String> labels(Graph graph) {
        return GraphScript.inputs(graph).stream()
                .filter(label -> !label.equals(LayerSpec.X))
                .toList();
    }
}
