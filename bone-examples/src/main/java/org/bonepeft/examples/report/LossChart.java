package org.bonepeft.examples.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** A picture of training losses by step, one smoothed line for each run. */
public final class LossChart {
    private LossChart() {}

    /**
     * Writes the curves as a PNG. What is drawn is {@code s_t = a s_(t-1) + (1 - a) loss_t}, divided by {@code 1 - a^t}
     * so that it starts at the first loss, with {@code a = 0.95}: losses of single batches hide the trend.
     *
     * @param curves the loss of each step, by the name for the legend
     * @throws IOException if the file cannot be written
     */
    public static void write(Path file, String title, Map<String, List<Double>> curves) throws IOException {
        Chart chart = new Chart(title, "training loss (moving average)");
        curves.forEach((name, losses) -> {
            double[] steps =
                    IntStream.rangeClosed(1, losses.size()).asDoubleStream().toArray();
            chart.add(name, steps, smooth(losses, 0.95));
        });
        Files.write(file, chart.png());
    }

    /** A value that is not finite leaves the average as it is. */
    static double[] smooth(List<Double> values, double keep) {
        double[] smoothed = new double[values.size()];
        double sum = 0;
        double weight = 0;
        for (int i = 0; i < smoothed.length; i++) {
            if (Double.isFinite(values.get(i))) {
                sum = keep * sum + (1 - keep) * values.get(i);
                weight = keep * weight + (1 - keep);
            }
            smoothed[i] = sum / weight;
        }
        return smoothed;
    }
}
