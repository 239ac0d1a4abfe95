package org.bonepeft.djl.backend;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Map;
import org.bonepeft.graph.Graph;

/** Computes graphs with one output on DJL arrays. Implementations are thread-safe. */
public interface GraphRunner {
    /**
     * Returns the output.
     *
     * @param inputs by name; they stay open
     * @param owner the manager that gets the result
     */
    NDArray run(Graph graph, Map<String, NDArray> inputs, NDManager owner);

    /** Returns the portable runner, one engine call for each operation. */
    static GraphRunner opByOp() {
        return (graph, inputs, owner) -> {
            NDArray result = graph.evaluate(new NDArrayBackend(owner), inputs)
                    .values()
                    .iterator()
                    .next();
            result.attach(owner);
            return result;
        };
    }
}
