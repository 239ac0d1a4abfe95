package org.bonepeft.examples.metamath;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bonepeft.BoneException;
import org.bonepeft.examples.lm.LanguageModel;
import org.bonepeft.examples.lm.ModelOptions;
import org.bonepeft.examples.lm.Responder;
import org.bonepeft.examples.report.TextTable;
import org.bonepeft.examples.report.Transcript;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How to ask, and how long answers may be. */
final class EvalOptions {
    /** MetaMath's: a model that goes on with another task has ended its answer. */
    private static final List<String> STOPS = List.of("Question", "USER", "ASSISTANT", "Instruction", "Response");

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec command;

    @Option(
            names = "--test",
            split = ",",
            paramLabel = "FILE",
            description =
                    "problems to answer: MetaMathQA, GSM8K or MATH, JSON or JSON lines (default: the bundled ones)")
    private List<Path> tests = List.of();

    @Option(
            names = "--prompt",
            paramLabel = "P",
            defaultValue = "peft",
            description = "peft: that of PEFT's method comparison; paper: MetaMath's, Alpaca's words (default:"
                    + " ${DEFAULT-VALUE})")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private Prompt prompt;

    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            defaultValue = "256",
            description = "the longest response (default: ${DEFAULT-VALUE})")
    private int maxNewTokens;

    @Option(
            names = "--eval-batch",
            paramLabel = "N",
            defaultValue = "64",
            description = "prompts at once (default: ${DEFAULT-VALUE})")
    private int batchSize;

    @Option(
            names = "--test-limit",
            paramLabel = "N",
            description = "so many problems of each file, evenly spread over it (default: all)")
    private int testLimit = Integer.MAX_VALUE;

    void check() {
        if (maxNewTokens < 1 || batchSize < 1 || testLimit < 1) {
            throw new ParameterException(
                    command.commandLine(),
                    "--max-new-tokens, --eval-batch and --test-limit must be 1 or more, not " + maxNewTokens + ", "
                            + batchSize + ", " + testLimit);
        }
    }

    /** Asks for no more than so many problems. */
    void limit(int problems) {
        testLimit = Math.min(testLimit, problems);
    }

    Prompt prompt() {
        return prompt;
    }

    /** Reads the problems, by the names of their files. */
    Map<String, List<MathRow>> read() throws IOException {
        Path bundled = ModelOptions.bundled("mini-metamath");
        Map<String, List<MathRow>> problems = new LinkedHashMap<>();
        for (Path file :
                tests.isEmpty() ? List.of(bundled.resolve("test.json"), bundled.resolve("test-unseen.json")) : tests) {
            List<MathRow> rows = MathRow.read(file, Integer.MAX_VALUE);
            int count = Math.min(testLimit, rows.size());
            String name = file.getFileName().toString().replaceAll("\\.jsonl?$", "");
            if (problems.containsKey(name)) {
                throw new BoneException("--test: two files are called " + name + ", and so would be those written");
            }
            problems.put(
                    name,
                    IntStream.range(0, count)
                            .mapToObj(i -> rows.get((int) ((long) i * rows.size() / count)))
                            .toList());
        }
        return problems;
    }

    /** Lets the model answer. */
    Evaluation evaluate(LanguageModel<?> model, String name, List<MathRow> rows, PrintStream err) {
        Responder responder = new Responder(model, batchSize, maxNewTokens, STOPS, 0, 0);
        return Evaluation.of(
                rows,
                responder.respond(
                        name, rows.stream().map(row -> prompt.ask(row.query())).toList(), err));
    }

    /** Lets the model answer all tests, writes the answers beside each other, and says the scores. */
    static void report(Map<String, Evaluation> evaluations, Transcript report) {
        List<Rule> rules = evaluations.values().stream()
                .flatMap(evaluation -> evaluation.rules().stream())
                .distinct()
                .sorted()
                .toList();
        List<String> titles = new ArrayList<>(List.of("problems", "number"));
        rules.forEach(rule -> titles.add(rule.title()));
        TextTable table = new TextTable(titles);
        evaluations.forEach((name, evaluation) -> {
            table.add(cells(name, evaluation, rules));
            if (evaluation.byType().size() > 1) {
                evaluation.byType().forEach((type, part) -> table.add(cells("  " + type, part, rules)));
            }
        });
        report.say("%n%s", table);
        evaluations.forEach((name, evaluation) -> {
            if (evaluation.unended() + evaluation.cut() > 0) {
                report.say(
                        "%s: %d responses without an end, %d prompts cut on the left to fit the model",
                        name, evaluation.unended(), evaluation.cut());
            }
        });
    }

    private static List<String> cells(String name, Evaluation evaluation, List<Rule> rules) {
        List<String> cells =
                new ArrayList<>(List.of(name, "" + evaluation.problems().size()));
        rules.forEach(rule -> {
            double accuracy = evaluation.accuracy(rule);
            cells.add(Double.isNaN(accuracy) ? "-" : String.format(java.util.Locale.ROOT, "%.3f", accuracy));
        });
        return cells;
    }
}
