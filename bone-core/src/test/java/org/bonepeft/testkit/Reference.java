package org.bonepeft.testkit;

import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.bonepeft.graph.Graph;
import org.bonepeft.reference.DoubleTensor;
import org.bonepeft.reference.ReferenceBackend;
import org.bonepeft.tensor.Shape;

/** Short forms for tests that run graphs on the reference backend. */
public final class Reference {
    private Reference() {}

    /** Returns elements drawn evenly from -2 to 2. */
    public static DoubleTensor random(Shape shape, long seed) {
        return DoubleTensor.of(
                shape, new SplittableRandom(seed).doubles(shape.size(), -2, 2).toArray());
    }

    /** Returns the only output. */
    public static DoubleTensor run(Graph graph, Map<String, DoubleTensor> inputs) {
        return run(graph, inputs, graph.outputs().keySet().iterator().next());
    }

    /** Returns one output. */
    public static DoubleTensor run(Graph graph, Map<String, DoubleTensor> inputs, String output) {
        return get(graph.evaluate(new ReferenceBackend(), inputs), output);
    }

    /** Returns the value of a key that is there. */
    public static DoubleTensor get(Map<String, DoubleTensor> values, String name) {
        return Objects.requireNonNull(values.get(name), name);
    }
}
