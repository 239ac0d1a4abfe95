package org.bonepeft.examples.glue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.roberta.RobertaConfig;
import org.bonepeft.djl.model.roberta.RobertaForSequenceClassification;
import org.bonepeft.examples.OutputFolder;
import org.bonepeft.examples.report.LossChart;
import org.bonepeft.examples.report.Progress;
import org.bonepeft.examples.report.TextTable;

/** One run of {@code bone glue}: reads, trains each method from the same start, reports, writes. */
final class GlueRun {
    private static final String THREADS = "ai.djl.pytorch.num_threads";
    private static final int SMALL = 256;

    private final GlueOptions options;
    private final PrintStream out;
    private final PrintStream err;
    private final StringBuilder report = new StringBuilder();

    GlueRun(GlueOptions options, PrintStream out, PrintStream err) {
        this.options = options;
        this.out = out;
        this.err = err;
    }

    /**
     * Runs.
     *
     * @throws BoneException if data, model or output do not fit
     * @throws IOException if a file cannot be read or written
     */
    void run() throws IOException {
        GlueTask task = options.location().task();
        try (OutputFolder output = OutputFolder.open(options.out())) {
            RobertaConfig config = RobertaConfig.read(options.model()).withLabels(task.labels());
            GlueData data = GlueData.read(task, options.location().folder());
            EncodedData rows = EncodedData.of(data, options.model(), config, options.maxLength());
            RobertaForSequenceClassification shapes = new RobertaForSequenceClassification(config);
            List<MethodPlan> plans = options.methods().stream()
                    .map(method -> MethodPlan.of(method, options, shapes))
                    .toList();
            setThreads(config);
            checkDevice();
            describe(data, rows);
            TextTable table = new TextTable(titles(rows));
            Map<String, double[]> losses = new LinkedHashMap<>();
            for (MethodPlan plan : plans) {
                try (Classifier classifier = Classifier.prepare(plan, options, config)) {
                    losses.put(plan.title(), train(plan, classifier, rows, table));
                    if (plan.method() != Method.HEAD_ONLY || plans.size() == 1) {
                        classifier.save(output.path().resolve(plan.method().toString()), options.model());
                    }
                }
            }
            say("%n%s", table);
            LossChart.write(output.path().resolve("loss.png"), task.title(), losses);
            Files.writeString(output.path().resolve("report.txt"), report, StandardCharsets.UTF_8);
            output.commit();
        }
        out.println("written to " + options.out());
    }

    private double[] train(MethodPlan plan, Classifier classifier, EncodedData rows, TextTable table) {
        Engine.getEngine(Classifier.ENGINE)
                .setRandomSeed(Long.hashCode(options.training().seed()));
        List<Double> before =
                rows.scores(dev -> classifier.predict(dev, options.training().batchSize()));
        int steps = options.training().steps(rows.train().size());
        double learningRate = options.training().learningRate(plan.method());
        TrainLoop loop = new TrainLoop(classifier, options.training(), learningRate, steps);
        Progress progress = new Progress(plan.title(), steps, err);
        double[] losses;
        double seconds;
        try (progress) {
            losses = loop.run(rows.train(), progress);
            seconds = progress.seconds();
        }
        List<Double> after =
                rows.scores(dev -> classifier.predict(dev, options.training().batchSize()));
        List<String> cells = new ArrayList<>(List.of(
                plan.title(),
                format("%,d", classifier.trainableSize()),
                format("%.2f %%", 100.0 * classifier.trainableSize() / classifier.size())));
        for (int i = 0; i < after.size(); i++) {
            cells.add(format("%.3f", before.get(i)));
            cells.add(format("%.3f", after.get(i)));
        }
        cells.add(format("%.1f", seconds));
        cells.add(format("%,.0f", progress.tokens() / seconds));
        table.add(cells);
        return losses;
    }

    private static List<String> titles(EncodedData rows) {
        List<String> titles = new ArrayList<>(List.of("method", "trainable", "share"));
        for (String score : rows.scoreTitles()) {
            titles.add(score + " before");
            titles.add("after");
        }
        titles.addAll(List.of("train s", "tokens/s"));
        return titles;
    }

    private void describe(GlueData data, EncodedData rows) {
        GlueTask task = data.task();
        int count = data.train().size();
        say("%s from %s: %,d rows to train on", task.title(), options.location().folder(), count);
        data.dev().forEach((name, dev) -> say("%s: %,d rows", name, dev.size()));
        data.notes().forEach(note -> say("%s", note));
        int truncated = rows.train().truncated()
                + rows.dev().values().stream().mapToInt(EncodedRows::truncated).sum();
        say(
                "%,d tokens to train on; %,d rows of all were cut to %d tokens",
                rows.train().tokens(), truncated, rows.maxLength());
        int steps = options.training().steps(count);
        int wanted = options.training().wantedSteps(count);
        if (steps < wanted) {
            say(
                    "%,d steps of %d rows for each method: %.2f epochs; --max-steps ends it before the %,d steps of %s epochs",
                    steps,
                    options.training().batchSize(),
                    (double) steps * options.training().batchSize() / count,
                    wanted,
                    options.training().epochs());
        } else {
            say(
                    "%,d steps of %d rows for each method: %s epochs",
                    steps, options.training().batchSize(), options.training().epochs());
        }
        int constant = rows.mostFrequent();
        List<Double> scores = rows.scores(dev -> {
            int[] classes = new int[dev.size()];
            Arrays.fill(classes, constant);
            return classes;
        });
        for (int i = 0; i < scores.size(); i++) {
            say(
                    "who always answers %s has %s %.3f",
                    task.labels().get(constant), rows.scoreTitles().get(i), scores.get(i));
        }
    }

    /**
     * The threads of PyTorch spin while they wait for each other: small products gain little from a second one, and lose
     * twentyfold where another program keeps the cores busy. DJL reads the property when it loads the engine.
     */
    private void setThreads(RobertaConfig config) {
        OptionalInt threads = options.threads();
        if (threads.isEmpty() && config.hiddenSize() <= SMALL) {
            threads = OptionalInt.of(1);
        }
        if (System.getProperty(THREADS) == null) {
            threads.ifPresent(number -> System.setProperty(THREADS, Integer.toString(number)));
        }
    }

    private void checkDevice() {
        Device device = options.device();
        int gpus = Engine.getEngine(Classifier.ENGINE).getGpuCount();
        if (device.isGpu() && device.getDeviceId() >= gpus) {
            throw new BoneException("--device gpu" + device.getDeviceId() + ": PyTorch sees " + gpus
                    + " GPUs here; --device cpu works everywhere");
        }
    }

    private void say(String pattern, Object... arguments) {
        String line = format(pattern, arguments);
        out.println(line);
        report.append(line).append('\n');
    }

    private static String format(String pattern, Object... arguments) {
        return String.format(Locale.ROOT, pattern, arguments);
    }
}
