package org.bonepeft.examples.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bonepeft.BoneException;
import org.bonepeft.json.Json;
import org.jspecify.annotations.Nullable;

/**
 * A run as {@link org.bonepeft.djl.train.log.JsonLinesLog} wrote it.
 *
 * @param name by which it is told from others
 * @param start settings, environment and sizes by name, and when it has ended the memory that it took
 * @param columns the numbers of each step by name, of which {@code step} is one; NaN for null
 * @param evaluations by step, each the metrics by name
 * @param end why it ended; empty if it has not, or was killed
 */
public record RunLog(
        String name,
        Map<String, String> start,
        Map<String, List<Double>> columns,
        Map<Integer, Map<String, Double>> evaluations,
        String end) {
    /**
     * Reads a log; its file's name without ending is the run's. A last line that was cut off is left out.
     *
     * @throws BoneException if it is no such log, or has no step
     */
    public static RunLog read(Path file) throws IOException {
        String name = file.getFileName().toString().replaceFirst("\\.[^.]*$", "");
        RunLog run = new RunLog(name, new LinkedHashMap<>(), new LinkedHashMap<>(), new TreeMap<>(), "");
        List<String> lines = Files.readAllLines(file);
        for (int i = 0; i < lines.size(); i++) {
            if (i == lines.size() - 1 && !lines.get(i).endsWith("}")) {
                break;
            }
            run = run.with(Json.parseObject(lines.get(i), file + ", line " + (i + 1)));
        }
        if (run.steps().isEmpty()) {
            throw new BoneException(file + " has no step of a training run; expected the lines of a JsonLinesLog");
        }
        return run;
    }

    private RunLog with(Map<String, @Nullable Object> line) {
        switch (String.valueOf(line.get("event"))) {
            case "start" ->
                line.forEach((key, value) -> {
                    if (value instanceof Map<?, ?> group) {
                        group.forEach((item, text) -> start.put(String.valueOf(item), String.valueOf(text)));
                    } else if (!key.equals("event")) {
                        start.put(key, String.valueOf(value));
                    }
                });
            case "step" ->
                line.forEach((key, value) -> {
                    if (!key.equals("event")) {
                        columns.computeIfAbsent(key, none -> new ArrayList<>()).add(number(value));
                    }
                });
            case "evaluation" -> {
                Map<String, Double> metrics = new TreeMap<>();
                if (line.get("metrics") instanceof Map<?, ?> found) {
                    found.forEach((metric, value) -> metrics.put(String.valueOf(metric), number(value)));
                }
                evaluations.put((int) number(line.get("step")), metrics);
            }
            case "end" -> {
                if (line.get("peak_resident_mib") instanceof Number mib) {
                    start.put("peak resident MiB", String.valueOf(mib));
                }
                return new RunLog(name, start, columns, evaluations, String.valueOf(line.get("end")));
            }
            default -> throw new BoneException(name + ": no line of a training log: " + line);
        }
        return this;
    }

    private static double number(@Nullable Object value) {
        if (value instanceof Number number) {
            return number.doubleValue();
        }
        return Boolean.TRUE.equals(value) ? 1 : Boolean.FALSE.equals(value) ? 0 : Double.NaN;
    }

    /** Returns a column; empty if there is none of this name. */
    List<Double> column(String column) {
        return columns.getOrDefault(column, List.of());
    }

    /** Returns the numbers of the steps. */
    List<Double> steps() {
        return column("step");
    }

    /** Returns a metric's values by step. */
    Map<Double, Double> metric(String metric) {
        Map<Double, Double> values = new TreeMap<>();
        evaluations.forEach((step, metrics) -> {
            if (metrics.containsKey(metric)) {
                values.put((double) step, metrics.get(metric));
            }
        });
        return values;
    }

    /** Returns the sum of a column. */
    double sum(String column) {
        return column(column).stream().mapToDouble(Double::doubleValue).sum();
    }
}
