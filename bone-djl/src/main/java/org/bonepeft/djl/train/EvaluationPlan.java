package org.bonepeft.djl.train;

import java.util.Map;
import java.util.function.Supplier;
import org.bonepeft.BoneException;

/**
 * How a run is watched from outside.
 *
 * @param evaluator returns metrics by name; called on the training thread, between steps
 * @param every so many steps, and after the last one
 * @param metric by which evaluations are compared
 * @param higherIsBetter whether more of it is better
 * @param patience so many evaluations in a row that are no better than the best end the run; 0 for never
 */
public record EvaluationPlan(
        Supplier<Map<String, Double>> evaluator, int every, String metric, boolean higherIsBetter, int patience) {
    /** Checks the numbers. */
    public EvaluationPlan {
        if (every < 1 || patience < 0) {
            throw new BoneException("evaluation every " + every + " steps with a patience of " + patience
                    + "; expected at least 1 and 0");
        }
    }

    /** Returns whether a value is better than another one, which may be NaN for none; NaN itself never is. */
    boolean isBetter(double value, double than) {
        return Double.isNaN(than) ? !Double.isNaN(value) : higherIsBetter ? value > than : value < than;
    }

    /** Evaluates. */
    Map<String, Double> evaluate() {
        Map<String, Double> metrics = evaluator.get();
        if (!metrics.containsKey(metric)) {
            throw new BoneException("the evaluation is compared by '" + metric + "', but returned " + metrics.keySet());
        }
        return metrics;
    }
}
