package org.bonepeft.examples.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.bonepeft.io.AtomicFile;

/** Runs as one HTML file that needs no other: results, curves laid over each other, settings, environment. */
public final class HtmlReport {
    private static final String STYLE = """
            body { font: 16px/1.5 system-ui, sans-serif; max-width: 940px; margin: 2em auto; padding: 0 1em; color: #222 }
            h1 { font-size: 1.6em } h2 { font-size: 1.2em; margin-top: 2em }
            table { border-collapse: collapse; display: block; overflow-x: auto }
            th, td { padding: .25em .8em; border-bottom: 1px solid #ddd; text-align: right; vertical-align: top }
            th:first-child, td:first-child { text-align: left; white-space: nowrap }
            tr.differs td { background: #fff6d6 }
            img { max-width: 100%; border: 1px solid #eee; margin: .5em 0 }
            """;

    private final StringBuilder html = new StringBuilder();

    private HtmlReport() {}

    /** Writes the report of some runs. */
    public static void write(Path file, String title, List<RunLog> runs) throws IOException {
        AtomicFile.write(file, new HtmlReport().page(title, runs).getBytes(StandardCharsets.UTF_8));
    }

    private String page(String title, List<RunLog> runs) throws IOException {
        html.append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>")
                .append(escape(title))
                .append("</title><style>\n")
                .append(STYLE)
                .append("</style></head><body>\n<h1>")
                .append(escape(title))
                .append("</h1>\n<h2>Results</h2>\n");
        results(runs);
        html.append("<h2>Curves</h2>\n");
        for (Map.Entry<String, Chart> chart : RunCharts.of(runs).entrySet()) {
            html.append("<img alt=\"")
                    .append(escape(chart.getKey()))
                    .append("\" src=\"data:image/png;base64,")
                    .append(Base64.getEncoder().encodeToString(chart.getValue().png()))
                    .append("\">\n");
        }
        html.append("<h2>Settings and environment</h2>\n");
        settings(runs);
        return html.append("</body></html>\n").toString();
    }

    private void results(List<RunLog> runs) {
        TreeSet<String> metrics = new TreeSet<>();
        runs.forEach(run -> run.evaluations().values().forEach(found -> metrics.addAll(found.keySet())));
        List<String> titles = new ArrayList<>(List.of(
                "run", "end", "steps", "trainable", "first loss", "last loss", "tokens", "seconds", "tokens/s"));
        metrics.forEach(metric -> titles.add("evaluated " + metric));
        html.append("<table>\n");
        row("th", "", titles);
        for (RunLog run : runs) {
            double[] losses = LossChart.smooth(run.column("loss"), 0.95);
            List<String> cells = new ArrayList<>(List.of(
                    run.name(),
                    run.end().isEmpty()
                            ? "not ended"
                            : run.end().toLowerCase(Locale.ROOT).replace('_', ' '),
                    format("%,.0f", run.steps().get(run.steps().size() - 1)),
                    format("%,.0f", Double.parseDouble(run.start().getOrDefault("trainable", "NaN"))),
                    format("%.4f", losses[0]),
                    format("%.4f", losses[losses.length - 1]),
                    format("%,.0f", run.sum("tokens")),
                    format("%,.1f", run.sum("seconds")),
                    format("%,.0f", run.sum("tokens") / run.sum("seconds"))));
            for (String metric : metrics) {
                List<Double> values = new ArrayList<>(run.metric(metric).values());
                cells.add(values.isEmpty() ? "" : format("%.4f", values.get(values.size() - 1)));
            }
            row("td", "", cells);
        }
        html.append(
                "</table>\n<p>The losses are moving averages, the weight of a step 0.95 times that of the next.</p>\n");
    }

    private void settings(List<RunLog> runs) {
        TreeSet<String> names = new TreeSet<>();
        runs.forEach(run -> names.addAll(run.start().keySet()));
        List<String> titles = new ArrayList<>(List.of(""));
        runs.forEach(run -> titles.add(run.name()));
        html.append("<table>\n");
        row("th", "", titles);
        for (String name : names) {
            List<String> cells = new ArrayList<>(List.of(name));
            runs.forEach(run -> cells.add(run.start().getOrDefault(name, "")));
            boolean differs = new TreeSet<>(cells.subList(1, cells.size())).size() > 1;
            row("td", differs ? " class=\"differs\"" : "", cells);
        }
        html.append("</table>\n");
    }

    private void row(String cell, String attributes, List<String> texts) {
        html.append("<tr").append(attributes).append('>');
        texts.forEach(text -> html.append('<')
                .append(cell)
                .append('>')
                .append(escape(text))
                .append("</")
                .append(cell)
                .append('>'));
        html.append("</tr>\n");
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    private static String format(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }
}
