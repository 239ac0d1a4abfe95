package org.bonepeft.examples.report;

import java.awt.BasicStroke;
import java.io.IOException;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.ChartTheme;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** A picture of curves over steps, one line for each run. */
final class Chart {
    private final XYChart chart;

    Chart(String title, String yTitle) {
        chart = new XYChartBuilder()
                .width(900)
                .height(540)
                .theme(ChartTheme.Matlab)
                .title(title)
                .xAxisTitle("step")
                .yAxisTitle(yTitle)
                .build();
        chart.getStyler().setLegendPosition(LegendPosition.OutsideS);
        chart.getStyler().setLegendLayout(LegendLayout.Horizontal);
        chart.getStyler().setYAxisDecimalPattern("0.######");
    }

    /** Adds a line through the points that are finite; nothing if there are none. */
    Chart add(String name, double[] steps, double[] values) {
        int[] finite = IntStream.range(0, values.length)
                .filter(i -> Double.isFinite(values[i]))
                .toArray();
        if (finite.length > 0) {
            double[] x = Arrays.stream(finite).mapToDouble(i -> steps[i]).toArray();
            double[] y = Arrays.stream(finite).mapToDouble(i -> values[i]).toArray();
            x[0] -= 1e-3; // XChart labels equally spaced values where they stand, one label over the other
            XYSeries series = chart.addSeries(name, x, y);
            series.setMarker(x.length == 1 ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
            series.setLineStyle(new BasicStroke(2f));
        }
        return this;
    }

    /** Draws nothing above {@code top}. */
    void cut(double top) {
        chart.getStyler().setYAxisMax(top);
    }

    byte[] png() throws IOException {
        return BitmapEncoder.getBitmapBytes(chart, BitmapFormat.PNG);
    }
}
