package org.bonepeft.examples.glue;

import ai.djl.engine.Engine;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.roberta.RobertaConfig;
import org.bonepeft.djl.model.roberta.RobertaForSequenceClassification;
import org.bonepeft.djl.train.log.JsonLinesLog;
import org.bonepeft.examples.report.HtmlReport;
import org.bonepeft.examples.report.LossChart;
import org.bonepeft.examples.report.Progress;
import org.bonepeft.examples.report.RunLog;
import org.bonepeft.io.OutputFolder;

/** One run of {@code bone glue}: reads, trains each method from the same start, reports, writes. */
final class GlueRun {
    private final GlueOptions options;
    private final PrintStream out;
    private final PrintStream err;

    GlueRun(GlueOptions options, PrintStream out, PrintStream err) {
        this.options = options;
        this.out = out;
        this.err = err;
    }

    /**
     * Runs. Whatever can be found wrong without training is found before it.
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
            options.hardware().start(config.hiddenSize());
            GlueReport report = new GlueReport(out);
            report.describe(data, rows, options);
            List<GlueResult> results = new ArrayList<>();
            List<RunLog> runs = new ArrayList<>();
            Files.createDirectories(output.path().resolve("logs"));
            for (MethodPlan plan : plans) {
                try (Classifier classifier = Classifier.prepare(plan, options, config, rows.train())) {
                    Path log = output.path().resolve("logs").resolve(plan.method() + ".jsonl");
                    results.add(train(plan, classifier, rows, log));
                    runs.add(RunLog.read(log));
                    if (!plan.method().equals(Method.HEAD_ONLY) || plans.size() == 1) {
                        classifier.save(output.path().resolve(plan.method().toString()), options.model());
                    }
                }
            }
            report.table(rows, results);
            LossChart.write(output.path().resolve("loss.png"), task.title(), losses(results));
            HtmlReport.write(output.path().resolve("report.html"), task.title(), runs);
            Files.writeString(output.path().resolve("report.txt"), report.toString(), StandardCharsets.UTF_8);
            output.commit();
        }
        out.println("written to " + options.out());
    }

    private GlueResult train(MethodPlan plan, Classifier classifier, EncodedData rows, Path log) throws IOException {
        TrainSettings training = options.training();
        Engine.getEngine(Classifier.ENGINE).setRandomSeed(Long.hashCode(training.seed()));
        List<Double> before = rows.scores(dev -> classifier.predict(dev, training.batchSize()));
        int steps = training.steps(rows.train().size());
        Progress progress = new Progress(plan.title(), steps, err);
        List<Double> losses;
        double seconds;
        try (progress) {
            losses = classifier
                    .train(
                            rows.train(),
                            training,
                            training.learningRate(plan.method()),
                            progress,
                            new JsonLinesLog(log))
                    .losses();
            seconds = progress.seconds();
        }
        List<Double> after = rows.scores(dev -> classifier.predict(dev, training.batchSize()));
        return new GlueResult(
                plan.title(),
                classifier.trainableSize(),
                classifier.size(),
                before,
                after,
                losses,
                seconds,
                progress.tokens());
    }

    private static Map<String, List<Double>> losses(List<GlueResult> results) {
        Map<String, List<Double>> losses = new LinkedHashMap<>();
        results.forEach(result -> losses.put(result.title(), result.losses()));
        return losses;
    }
}
