package org.bonepeft.testkit;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bonepeft.graph.Gradients;
import org.bonepeft.graph.Graph;
import org.bonepeft.reference.DoubleTensor;
import org.bonepeft.reference.ReferenceBackend;

/**
 * Checks {@link Gradients} against differences of function values, five points along each axis: the error is of fourth
 * order in the step.
 */
public final class FiniteDifferences {
    private static final double STEP = 2e-3;

    private FiniteDifferences() {}

    /**
     * Compares the gradients of sum(y dy) for a random dy.
     *
     * @param values of all inputs
     * @param wrt the inputs to differentiate by
     */
    public static void check(Graph graph, Map<String, DoubleTensor> values, List<String> wrt) {
        DoubleTensor y = Reference.run(graph, values);
        DoubleTensor dy = Reference.random(y.shape(), 99);
        Map<String, DoubleTensor> withCotangent = new LinkedHashMap<>(values);
        withCotangent.put(Gradients.COTANGENT, dy);
        Map<String, DoubleTensor> gradients = Gradients.of(graph, wrt).evaluate(new ReferenceBackend(), withCotangent);
        for (String name : wrt) {
            DoubleTensor at = Reference.get(values, name);
            double[] expected = new double[at.toArray().length];
            for (int i = 0; i < expected.length; i++) {
                List<Double> loss = new ArrayList<>();
                for (int step : new int[] {-2, -1, 1, 2}) {
                    double[] moved = at.toArray().clone();
                    moved[i] += step * STEP;
                    Map<String, DoubleTensor> inputs = new LinkedHashMap<>(values);
                    inputs.put(name, DoubleTensor.of(at.shape(), moved));
                    loss.add(dot(Reference.run(graph, inputs), dy));
                }
                expected[i] = (8 * (loss.get(2) - loss.get(1)) - (loss.get(3) - loss.get(0))) / (12 * STEP);
            }
            Tolerance.FLOAT64.check(
                    graph.name() + ", gradient of " + name,
                    Reference.get(gradients, name).toArray(),
                    expected);
        }
    }

    private static double dot(DoubleTensor a, DoubleTensor b) {
        double[] x = a.toArray();
        double[] y = b.toArray();
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += x[i] * y[i];
        }
        return sum;
    }
}
