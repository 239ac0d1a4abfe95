package org.bonepeft.examples.metamath;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.bonepeft.examples.lm.Encoder.Tokens;
import org.bonepeft.examples.lm.LanguageModel;
import org.bonepeft.examples.lm.ModelOptions;
import org.bonepeft.examples.lm.RunFolder;
import org.bonepeft.examples.lm.TrainOptions;
import org.bonepeft.examples.lm.TrainOptions.Trained;
import org.bonepeft.examples.report.LossChart;
import org.bonepeft.examples.report.TextTable;
import org.bonepeft.examples.report.Transcript;
import org.bonepeft.io.OutputFolder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bone metamath}: fine-tunes a language model on word problems by several methods and compares them. */
@Command(
        name = "metamath",
        description = {
            "Fine-tunes a language model on word problems by several methods and compares them.",
            "Without options: the bundled mini LLaMA on the bundled mini MetaMath, with Bone, Bat by rows, LoRA and PiSSA"
                    + " of as many parameters; the share of right answers before and after."
        },
        sortOptions = false,
        synopsisSubcommandLabel = "[train|eval|chat]")
public final class MetaMathCommand implements Callable<Integer> {
    private static final int QUICK_ROWS = 640;
    private static final int QUICK_PROBLEMS = 48;

    private final PrintStream out;
    private final PrintStream err;

    @Mixin
    private final ModelOptions model = new ModelOptions();

    @Mixin
    private final TrainOptions training = new TrainOptions();

    @Mixin
    private final EvalOptions asking = new EvalOptions();

    @Option(
            names = "--method",
            split = ",",
            paramLabel = "M",
            defaultValue = "bone,bat-row,lora,pissa",
            description = "what to train, in this order; see docs/METHODS.md (default: ${DEFAULT-VALUE})")
    private List<String> methods = List.of();

    @Option(
            names = "--data",
            paramLabel = "FILE",
            description =
                    "problems to train on: MetaMathQA, GSM8K or MATH, JSON or JSON lines (default: the bundled ones)")
    private @Nullable Path data;

    @Option(names = "--quick", description = "few rows, few problems: the whole way in a minute, poor answers")
    private boolean quick;

    @Option(names = "--out", paramLabel = "DIR", description = "folder to write (default: runs/metamath-TIME)")
    private @Nullable Path output;

    private MetaMathCommand(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    /** Returns the command with its subcommands; results go to {@code out}, progress to {@code err}. */
    public static CommandLine program(PrintStream out, PrintStream err) {
        return new CommandLine(new MetaMathCommand(out, err))
                .addSubcommand(new TrainCommand(out, err))
                .addSubcommand(new EvalCommand(out, err))
                .addSubcommand(new ChatCommand(out, System.in));
    }

    /** A method, and how well the model answers before and after. */
    private record Line(Trained trained, long total, Map<String, Evaluation> after) {}

    @Override
    public Integer call() throws IOException {
        training.check();
        asking.check();
        if (quick) {
            asking.limit(QUICK_PROBLEMS);
        }
        Path trainFile = data == null ? ModelOptions.bundled("mini-metamath").resolve("train.json") : data;
        Path folder = RunFolder.of(output, "metamath");
        Transcript report = new Transcript(out);
        try (OutputFolder results = OutputFolder.open(folder)) {
            List<MathRow> rows =
                    MathRow.read(trainFile, quick ? Math.min(QUICK_ROWS, training.limit()) : training.limit());
            Map<String, List<MathRow>> problems = asking.read();
            report.say("%s, fine-tuned on %s", model.folder(), trainFile);
            Map<String, Evaluation> before = new LinkedHashMap<>();
            List<Tokens> encoded;
            try (LanguageModel<?> base = model.load()) {
                encoded = training.encode(base, TrainCommand.dialogues(rows, asking.prompt()), report);
                evaluate(base, "before", problems, before, results.path());
            }
            Map<String, List<Double>> losses = new LinkedHashMap<>();
            List<Line> lines = new ArrayList<>();
            for (String method : methods) {
                try (LanguageModel<?> language = model.load()) {
                    Trained trained =
                            training.train(language, method, methods.contains("bone"), encoded, model.seed(), err);
                    Map<String, Evaluation> after = new LinkedHashMap<>();
                    evaluate(language, method, problems, after, results.path());
                    trained.training().save(results.path().resolve(method), model.folder());
                    losses.put(trained.title(), trained.result().losses());
                    lines.add(new Line(trained, trained.training().adapted().totalCount(), after));
                }
            }
            table(before, lines, report);
            for (Line line : lines) {
                report.say("%n%s", line.trained().title());
                EvalOptions.report(line.after(), report);
            }
            LossChart.write(results.path().resolve("loss.png"), "MetaMath", losses);
            Files.writeString(results.path().resolve("report.txt"), report.toString(), StandardCharsets.UTF_8);
            results.commit();
        }
        out.println("written to " + folder);
        return 0;
    }

    private void evaluate(
            LanguageModel<?> language,
            String name,
            Map<String, List<MathRow>> problems,
            Map<String, Evaluation> evaluations,
            Path folder)
            throws IOException {
        for (Map.Entry<String, List<MathRow>> test : problems.entrySet()) {
            Evaluation evaluation = asking.evaluate(language, name + " " + test.getKey(), test.getValue(), err);
            evaluation.write(folder.resolve(name + "-" + test.getKey() + ".jsonl"));
            evaluations.put(test.getKey(), evaluation);
        }
    }

    private static void table(Map<String, Evaluation> before, List<Line> lines, Transcript report) {
        List<String> titles = new ArrayList<>(List.of("method", "trainable", "share", "loss"));
        before.keySet().forEach(test -> titles.addAll(List.of(test + " before", "after")));
        titles.addAll(List.of("train s", "tokens/s"));
        TextTable table = new TextTable(titles);
        for (Line line : lines) {
            Trained trained = line.trained();
            List<String> cells = new ArrayList<>(List.of(
                    trained.title(),
                    format("%,d", trained.parameters()),
                    format("%.1f %%", 100.0 * trained.parameters() / line.total()),
                    format("%.4f", trained.lastLoss())));
            before.forEach((test, evaluation) -> {
                Evaluation after = line.after().getOrDefault(test, evaluation);
                cells.add(format("%.3f", evaluation.accuracy()));
                cells.add(format("%.3f", after.accuracy()));
            });
            cells.add(format("%.1f", trained.seconds()));
            cells.add(format("%,.0f", trained.tokens() / trained.seconds()));
            table.add(cells);
        }
        report.say("%n%s", table);
    }

    private static String format(String pattern, Object... arguments) {
        return String.format(Locale.ROOT, pattern, arguments);
    }
}
