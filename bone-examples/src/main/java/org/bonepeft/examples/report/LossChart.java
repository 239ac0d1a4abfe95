package org.bonepeft.examples.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/** A picture of training losses by step, one smoothed line for each run. */
public final class LossChart {
    private LossChart() {}

    /**
     * Writes the curves as a PNG. What is drawn is {@code s_t = a s_(t-1) + (1 - a) loss_t}, divided by {@code 1 - a^t}
     * so that it starts at the first loss, with {@code a = 0.95}: losses of single batches hide the trend. What lies above
     * all that comes after the first tenth of the steps is cut off: the first fall would leave little room for the rest.
     *
     * @param curves the loss of each step, by the name for the legend
     * @throws IOException if the file cannot be written
     */
    public static void write(Path file, String title, Map<String, List<Double>> curves) throws IOException {
        Chart chart = new Chart(title, "training loss (moving average)");
        List<double[]> lines = new ArrayList<>();
        curves.forEach((name, losses) -> {
            double[] steps =
                    IntStream.rangeClosed(1, losses.size()).asDoubleStream().toArray();
            lines.add(smooth(losses, 0.95));
            chart.add(name, steps, lines.get(lines.size() - 1));
        });
        top(lines).ifPresent(chart::cut);
        Files.write(file, chart.png());
    }

    /** Where to cut; empty if nothing would be lost, or nothing left. */
    static OptionalDouble top(List<double[]> lines) {
        double all = lines.stream().flatMapToDouble(Arrays::stream).max().orElse(0);
        DoubleSummaryStatistics late = lines.stream()
                .flatMapToDouble(line -> Arrays.stream(line).skip(line.length / 10))
                .summaryStatistics();
        return late.getMin() < late.getMax() && late.getMax() < all
                ? OptionalDouble.of(late.getMax())
                : OptionalDouble.empty();
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
