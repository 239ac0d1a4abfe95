package org.bonepeft.examples.report;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** The curves of runs, laid over each other. */
final class RunCharts {
    private RunCharts() {}

    /** The charts by the names of their files. */
    static Map<String, Chart> of(List<RunLog> runs) {
        Map<String, Chart> charts = new LinkedHashMap<>();
        Chart loss = new Chart("Training loss", "moving average of the loss");
        Chart rate = new Chart("Learning rate", "learning rate");
        Chart norm = new Chart("Gradient norm", "moving average of the norm before clipping");
        for (RunLog run : runs) {
            loss.add(run.name(), array(run.steps()), LossChart.smooth(run.column("loss"), 0.95));
            rate.add(run.name(), array(run.steps()), array(run.column("learning_rate")));
            norm.add(run.name(), array(run.steps()), LossChart.smooth(run.column("gradient_norm"), 0.95));
        }
        charts.put("loss", loss);
        charts.put("learning-rate", rate);
        charts.put("gradient-norm", norm);
        TreeSet<String> metrics = new TreeSet<>();
        runs.forEach(run -> run.evaluations().values().forEach(found -> metrics.addAll(found.keySet())));
        for (String metric : metrics) {
            Chart chart = new Chart("Evaluation: " + metric, metric);
            for (RunLog run : runs) {
                Map<Double, Double> values = run.metric(metric);
                chart.add(run.name(), array(values.keySet()), array(values.values()));
            }
            charts.put("evaluation-" + metric.replaceAll("[^A-Za-z0-9]+", "-"), chart);
        }
        return charts;
    }

    private static double[] array(Collection<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).toArray();
    }
}
