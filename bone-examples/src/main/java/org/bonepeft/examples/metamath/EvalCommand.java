package org.bonepeft.examples.metamath;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.bonepeft.examples.lm.LanguageModel;
import org.bonepeft.examples.lm.ModelOptions;
import org.bonepeft.examples.lm.RunFolder;
import org.bonepeft.examples.report.Transcript;
import org.bonepeft.io.OutputFolder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bone metamath eval}: answers problems, scores and writes the answers. */
@Command(name = "eval", description = "Answers problems, scores and writes the answers.", sortOptions = false)
final class EvalCommand implements Callable<Integer> {
    private final PrintStream out;
    private final PrintStream err;

    @Mixin
    private final ModelOptions model = new ModelOptions();

    @Mixin
    private final EvalOptions asking = new EvalOptions();

    @Option(names = "--adapter", paramLabel = "DIR", description = "folder of an adapter, as train writes it")
    private @Nullable Path adapter;

    @Option(names = "--out", paramLabel = "DIR", description = "folder to write (default: runs/metamath-eval-TIME)")
    private @Nullable Path output;

    EvalCommand(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() throws IOException {
        asking.check();
        Map<String, List<MathRow>> problems = asking.read();
        Path folder = RunFolder.of(output, "metamath-eval");
        Transcript report = new Transcript(out);
        try (OutputFolder results = OutputFolder.open(folder);
                LanguageModel<?> language = model.load(adapter)) {
            report.say("%s%s", model.folder(), adapter == null ? "" : " with " + adapter);
            Map<String, Evaluation> evaluations = new LinkedHashMap<>();
            for (Map.Entry<String, List<MathRow>> test : problems.entrySet()) {
                Evaluation evaluation = asking.evaluate(language, test.getKey(), test.getValue(), err);
                evaluation.write(results.path().resolve(test.getKey() + ".jsonl"));
                evaluations.put(test.getKey(), evaluation);
            }
            EvalOptions.report(evaluations, report);
            Files.writeString(results.path().resolve("report.txt"), report.toString(), StandardCharsets.UTF_8);
            results.commit();
        }
        out.println("written to " + folder);
        return 0;
    }
}
