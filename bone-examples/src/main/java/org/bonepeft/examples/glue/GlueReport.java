package org.bonepeft.examples.glue;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.bonepeft.examples.report.TextTable;

/** What a run says: to its user line by line, and all of it once more for a file. */
final class GlueReport {
    private final PrintStream out;
    private final StringBuilder text = new StringBuilder();

    GlueReport(PrintStream out) {
        this.out = out;
    }

    /** Says what is trained on, for how long, and what the score of a constant answer is. */
    void describe(GlueData data, EncodedData rows, GlueOptions options) {
        int count = data.train().size();
        say(
                "%s from %s: %,d rows to train on",
                data.task().title(), options.location().folder(), count);
        data.dev().forEach((name, dev) -> say("%s: %,d rows", name, dev.size()));
        data.notes().forEach(note -> say("%s", note));
        int truncated = rows.train().truncated()
                + rows.dev().values().stream().mapToInt(EncodedRows::truncated).sum();
        say(
                "%,d tokens to train on; %,d rows of all were cut to %d tokens",
                rows.train().tokens(), truncated, rows.maxLength());
        describeSteps(options.training(), count);
        int constant = rows.mostFrequent();
        List<Double> scores = rows.scores(dev -> {
            int[] classes = new int[dev.size()];
            Arrays.fill(classes, constant);
            return classes;
        });
        for (int i = 0; i < scores.size(); i++) {
            say(
                    "who always answers %s has %s %.3f",
                    data.task().labels().get(constant), rows.scoreTitles().get(i), scores.get(i));
        }
    }

    private void describeSteps(TrainSettings training, int rows) {
        int steps = training.steps(rows);
        int wanted = training.wantedSteps(rows);
        String epochs = steps < wanted
                ? format(
                        "%.2f epochs; --max-steps ends it before the %,d steps of %s epochs",
                        (double) steps * training.batchSize() / rows, wanted, training.epochs())
                : training.epochs() + " epochs";
        say("%,d steps of %d rows for each method: %s", steps, training.batchSize(), epochs);
    }

    /** Says the results. */
    void table(EncodedData rows, List<GlueResult> results) {
        List<String> titles = new ArrayList<>(List.of("method", "trainable", "share"));
        for (String score : rows.scoreTitles()) {
            titles.add(score + " before");
            titles.add("after");
        }
        titles.addAll(List.of("train s", "tokens/s"));
        TextTable table = new TextTable(titles);
        results.forEach(result -> table.add(cells(result)));
        say("%n%s", table);
    }

    private static List<String> cells(GlueResult result) {
        List<String> cells = new ArrayList<>();
        cells.add(result.title());
        cells.add(format("%,d", result.trainable()));
        cells.add(format("%.2f %%", 100.0 * result.trainable() / result.total()));
        for (int i = 0; i < result.after().size(); i++) {
            cells.add(format("%.3f", result.before().get(i)));
            cells.add(format("%.3f", result.after().get(i)));
        }
        cells.add(format("%.1f", result.seconds()));
        cells.add(format("%,.0f", result.tokens() / result.seconds()));
        return cells;
    }

    private void say(String pattern, Object... arguments) {
        String line = format(pattern, arguments);
        out.println(line);
        text.append(line).append('\n');
    }

    private static String format(String pattern, Object... arguments) {
        return String.format(Locale.ROOT, pattern, arguments);
    }

    /** Returns all that was said. */
    @Override
    public String toString() {
        return text.toString();
    }
}
