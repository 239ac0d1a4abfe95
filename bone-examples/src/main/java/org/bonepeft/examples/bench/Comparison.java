package org.bonepeft.examples.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Lines of this program, one for each case, method and type, beside those of another one; several runs by medians. */
final class Comparison {
    private static final List<String> TITLES = List.of(
            "case",
            "method",
            "dtype",
            "median ms",
            "min",
            "max",
            "tokens/s",
            "RSS before",
            "RSS peak",
            "increment",
            "alloc peak",
            "trainable",
            "check",
            "GEMM GF/s");
    private static final List<String> OTHER = List.of(
            "other median ms", "GEMM GF/s", "time ratio", "min ratio", "increment ratio", "alloc ratio", "check");

    private static final List<String> BASELINES = List.of("lora", OpByOpWork.LITERAL);

    private final Map<Measurement.Key, List<Measurement>> ours;
    private final Map<Measurement.Key, List<Measurement>> others;

    Comparison(List<Measurement> ours, List<Measurement> others) {
        this.ours = byKey(ours);
        this.others = byKey(others);
    }

    private static Map<Measurement.Key, List<Measurement>> byKey(List<Measurement> lines) {
        return lines.stream().collect(Collectors.groupingBy(Measurement::key, LinkedHashMap::new, Collectors.toList()));
    }

    /** Returns the table as Markdown. */
    String table() {
        List<String> titles = new ArrayList<>(TITLES);
        if (!others.isEmpty()) {
            titles.addAll(OTHER);
        }
        StringBuilder text = new StringBuilder(line(titles));
        text.append("|---|---|---|").append("---:|".repeat(titles.size() - 3)).append('\n');
        ours.forEach((key, lines) -> {
            List<String> cells = new ArrayList<>(cells(key, lines));
            if (!others.isEmpty()) {
                List<Measurement> other = others.getOrDefault(key, List.of());
                cells.addAll(other.isEmpty() ? List.of("", "", "", "", "", "", "") : beside(key, lines, other));
            }
            text.append(line(cells));
        });
        return text.toString();
    }

    /** Returns a table of times and memory relative to LoRA and to the literal way of Bat, where these were run. */
    String ratios() {
        StringBuilder text = new StringBuilder();
        ours.forEach((key, lines) -> BASELINES.stream()
                .filter(baseline -> !baseline.equals(key.method()))
                .map(baseline -> new Measurement.Key(key.name(), baseline, key.dtype(), key.loop()))
                .filter(ours::containsKey)
                .forEach(baseline -> text.append(line(ratios(key, lines, baseline)))));
        String titles = "| case | method | dtype | relative to | time | minimum | increment | alloc peak |";
        return text.isEmpty() ? "" : "\n" + titles + "\n|---|---|---|---|---:|---:|---:|---:|\n" + text;
    }

    private List<String> ratios(Measurement.Key key, List<Measurement> mine, Measurement.Key baseline) {
        List<Measurement> than = ours.getOrDefault(baseline, List.of());
        List<String> cells = new ArrayList<>(cells(key, mine).subList(0, 3));
        cells.add(baseline.method());
        cells.addAll(ratios(mine, than));
        return cells;
    }

    /** Time, minimum, growth of the resident memory, allocated memory. */
    private static List<String> ratios(List<Measurement> mine, List<Measurement> than) {
        return List.of(
                ratio(median(mine, Measurement::medianMs), median(than, Measurement::medianMs)),
                ratio(median(mine, Measurement::minMs), median(than, Measurement::minMs)),
                ratio(median(mine, Measurement::rssIncrementMib), median(than, Measurement::rssIncrementMib)),
                allocPeak(mine)
                        .flatMap(mib -> allocPeak(than).map(other -> ratio(mib, other)))
                        .orElse(""));
    }

    private static String line(List<String> cells) {
        return "| " + String.join(" | ", cells) + " |\n";
    }

    /** Returns a line for people who wait. */
    static String progress(Measurement measured) {
        return String.join("  ", cells(measured.key(), List.of(measured)));
    }

    private static List<String> cells(Measurement.Key key, List<Measurement> lines) {
        Measurement first = lines.get(0);
        return List.of(
                key.loop() == null ? key.name() : key.name() + " (" + key.loop() + ")",
                key.method(),
                key.dtype(),
                ms(median(lines, Measurement::medianMs)),
                ms(median(lines, Measurement::minMs)),
                ms(median(lines, Measurement::maxMs)),
                format("%,.0f", median(lines, Measurement::tokensPerS)),
                format("%,.0f", median(lines, Measurement::rssBeforeMib)),
                format("%,.0f", median(lines, Measurement::rssPeakMib)),
                format("%,.0f", median(lines, Measurement::rssIncrementMib)),
                allocPeak(lines).map(mib -> format("%,.1f", mib)).orElse(""),
                format("%,d", first.trainable()),
                format("%.6g", first.check()),
                gemm(lines));
    }

    private List<String> beside(Measurement.Key key, List<Measurement> mine, List<Measurement> other) {
        List<String> cells = new ArrayList<>(List.of(ms(median(other, Measurement::medianMs)), gemm(other)));
        cells.addAll(ratios(mine, other));
        cells.add(difference(key)
                .map(relative -> format(relative <= tolerance(key) ? "%.1e" : "**%.1e**", relative))
                .orElse(""));
        return cells;
    }

    /** Returns a line for each check value that differs from the other program's by more than the type allows. */
    List<String> disagreements() {
        List<String> lines = new ArrayList<>();
        for (Measurement.Key key : ours.keySet()) {
            difference(key)
                    .filter(relative -> !(relative <= tolerance(key)))
                    .ifPresent(relative -> lines.add(format(
                            "%s: the check value differs by %.1e, at most %.0e is allowed",
                            key, relative, tolerance(key))));
        }
        return lines;
    }

    /** The largest relative difference between runs of as many steps; a loss depends on them. */
    private Optional<Double> difference(Measurement.Key key) {
        Optional<Double> largest = Optional.empty();
        for (Measurement mine : ours.getOrDefault(key, List.of())) {
            for (Measurement other : others.getOrDefault(key, List.of())) {
                boolean comparable = key.name().startsWith("linear")
                        || mine.steps() + mine.warmup() == other.steps() + other.warmup();
                if (comparable) {
                    double relative = Math.abs(mine.check() - other.check()) / Math.abs(other.check());
                    largest = Optional.of(Math.max(largest.orElse(0.0), relative));
                }
            }
        }
        return largest;
    }

    private static double tolerance(Measurement.Key key) {
        return key.dtype().equals("float32") ? 1e-4 : 2e-2;
    }

    private static Optional<Double> allocPeak(List<Measurement> lines) {
        return lines.stream()
                .flatMap(line -> Stream.ofNullable(line.allocPeakMib()))
                .findFirst();
    }

    private static String gemm(List<Measurement> lines) {
        return format(
                "%.0f/%.0f",
                median(lines, line -> line.gemmGflops().get(0)),
                median(lines, line -> line.gemmGflops().get(1)));
    }

    private static double median(List<Measurement> lines, ToDoubleFunction<Measurement> value) {
        return Bench.median(lines.stream().mapToDouble(value).toArray());
    }

    private static String ms(double value) {
        return format(value < 100 ? "%,.2f" : "%,.0f", value);
    }

    private static String ratio(double mine, double other) {
        return format("%.2f", mine / other);
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
