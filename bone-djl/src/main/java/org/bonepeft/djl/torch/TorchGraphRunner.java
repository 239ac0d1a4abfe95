package org.bonepeft.djl.torch;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.Map;
import java.util.WeakHashMap;
import org.bonepeft.BoneException;
import org.bonepeft.djl.backend.GraphRunner;
import org.bonepeft.graph.Graph;
import org.jspecify.annotations.Nullable;

/**
 * Runs a graph as one native call: it is compiled to TorchScript when it first runs, and freed when it is garbage.
 * Graphs that print as the same text share one module. The arrays must have the element types that the graph says.
 */
public final class TorchGraphRunner implements GraphRunner {
    private static final TorchGraphRunner INSTANCE = new TorchGraphRunner();
    private static final Cleaner CLEANER = Cleaner.create();

    private final Map<Graph, Compiled> compiled = new WeakHashMap<>();

    private TorchGraphRunner() {}

    /** Must not refer to the graph, or it would never become garbage. */
    private record Compiled(TorchModule module, GraphScript.Script script) {}

    /** Returns this runner if it serves arrays of the manager's engine, else the one that works op by op. */
    public static GraphRunner of(NDManager manager) {
        return TorchEngine.serves(manager) ? INSTANCE : GraphRunner.opByOp();
    }

    @Override
    public NDArray run(Graph graph, Map<String, NDArray> inputs, NDManager owner) {
        Compiled program = compiled(graph);
        GraphScript.Script script = program.script();
        boolean few = script.tokens().map(inputs::get).filter(FewRows::pay).isPresent();
        TorchModule.Call call = program.module()
                .method(few ? GraphScript.METHOD_FEW : GraphScript.METHOD)
                .into(owner);
        for (String label : script.inputs()) {
            @Nullable NDArray value = inputs.get(label);
            if (value == null) {
                throw new BoneException(graph.name() + " needs the input " + label + ", was given " + inputs.keySet());
            }
            call.tensor(value);
        }
        try {
            return call.run().singletonOrThrow();
        } catch (EngineException e) {
            if (String.valueOf(e.getMessage()).contains("singular")) {
                throw new BoneException(graph.name() + ": a matrix is singular and has no inverse", e);
            }
            throw e;
        } finally {
            // Else the graph could be garbage, and its module be freed, while the call runs.
            Reference.reachabilityFence(graph);
        }
    }

    private synchronized Compiled compiled(Graph graph) {
        return compiled.computeIfAbsent(graph, key -> {
            GraphScript.Script script = GraphScript.of(key);
            TorchModule module = TorchModule.compile(script.text());
            CLEANER.register(key, module::close);
            return new Compiled(module, script);
        });
    }
}
