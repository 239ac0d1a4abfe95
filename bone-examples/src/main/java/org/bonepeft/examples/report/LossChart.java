package org.bonepeft.examples.report;

import java.awt.BasicStroke;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.ChartTheme;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

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
        XYChart chart = new XYChartBuilder()
                .width(900)
                .height(540)
                .theme(ChartTheme.Matlab)
                .title(title)
                .xAxisTitle("step")
                .yAxisTitle("training loss (moving average)")
                .build();
        chart.getStyler().setLegendPosition(LegendPosition.InsideNE);
        curves.forEach((name, losses) -> {
            double[] steps =
                    IntStream.rangeClosed(1, losses.size()).asDoubleStream().toArray();
            steps[0] -= 1e-3; // XChart labels equally spaced values where they stand, one label over the other
            XYSeries series = chart.addSeries(name, steps, smooth(losses, 0.95));
            series.setMarker(SeriesMarkers.NONE);
            series.setLineStyle(new BasicStroke(2f));
        });
        Files.write(file, BitmapEncoder.getBitmapBytes(chart, BitmapFormat.PNG));
    }

    static double[] smooth(List<Double> values, double keep) {
        double[] smoothed = new double[values.size()];
        double sum = 0;
        double weight = 0;
        for (int i = 0; i < smoothed.length; i++) {
            sum = keep * sum + (1 - keep) * values.get(i);
            weight = keep * weight + (1 - keep);
            smoothed[i] = sum / weight;
        }
        return smoothed;
    }
}
