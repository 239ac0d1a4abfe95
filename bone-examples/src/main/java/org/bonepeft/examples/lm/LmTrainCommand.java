package org.bonepeft.examples.lm;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.bonepeft.examples.lm.TrainOptions.Trained;
import org.bonepeft.examples.report.LossChart;
import org.bonepeft.examples.report.Transcript;
import org.bonepeft.io.OutputFolder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A command that fine-tunes by one method and writes the adapter; what is learned is up to the subclass. */
public abstract class LmTrainCommand implements Callable<Integer> {
    private final String name;
    private final PrintStream out;
    private final PrintStream err;

    @Mixin
    private final ModelOptions model = new ModelOptions();

    @Mixin
    private final TrainOptions training = new TrainOptions();

    @Option(
            names = "--method",
            paramLabel = "M",
            defaultValue = "bone",
            description = "see docs/METHODS.md (default: ${DEFAULT-VALUE})")
    private String method = "";

    @Option(names = "--out", paramLabel = "DIR", description = "folder to write (default: in runs)")
    private @Nullable Path output;

    /** Creates the command; {@code name} begins the default folder's. */
    protected LmTrainCommand(String name, PrintStream out, PrintStream err) {
        this.name = name;
        this.out = out;
        this.err = err;
    }

    /** Reads what to learn, of at most so many rows. */
    protected abstract List<Dialogue> dialogues(int limit) throws IOException;

    @Override
    public final Integer call() throws IOException {
        training.check();
        Path folder = RunFolder.of(output, name);
        Transcript report = new Transcript(out);
        try (OutputFolder results = OutputFolder.open(folder)) {
            List<Dialogue> dialogues = dialogues(training.limit());
            try (LanguageModel<?> language = model.load()) {
                Trained trained = training.train(
                        language, method, false, training.encode(language, dialogues, report), model.seed(), err);
                report.say(
                        "%s: %,d parameters, loss %.4f, %.1f s",
                        trained.title(), trained.parameters(), trained.lastLoss(), trained.seconds());
                trained.training().save(results.path(), model.folder());
                LossChart.write(
                        results.path().resolve("loss.png"),
                        name,
                        Map.of(trained.title(), trained.result().losses()));
            }
            Files.writeString(results.path().resolve("report.txt"), report.toString(), StandardCharsets.UTF_8);
            results.commit();
        }
        out.println("written to " + folder);
        return 0;
    }
}
