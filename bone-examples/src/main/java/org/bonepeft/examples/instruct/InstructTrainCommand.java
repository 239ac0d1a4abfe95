package org.bonepeft.examples.instruct;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.bonepeft.examples.lm.Dialogue;
import org.bonepeft.examples.lm.LanguageModel;
import org.bonepeft.examples.lm.ModelOptions;
import org.bonepeft.examples.lm.RunFolder;
import org.bonepeft.examples.lm.TrainOptions;
import org.bonepeft.examples.lm.TrainOptions.Trained;
import org.bonepeft.examples.report.LossChart;
import org.bonepeft.examples.report.Transcript;
import org.bonepeft.io.OutputFolder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bone instruct train}: fine-tunes by one method and writes the adapter. */
@Command(name = "train", description = "Fine-tunes by one method and writes the adapter.", sortOptions = false)
final class InstructTrainCommand implements Callable<Integer> {
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

    @Option(
            names = "--data",
            paramLabel = "FILE",
            required = true,
            description = "instruction and output, query and answer, or conversations, as JSON or JSON lines")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private Path data;

    @Option(names = "--out", paramLabel = "DIR", description = "folder to write (default: runs/instruct-TIME)")
    private @Nullable Path output;

    InstructTrainCommand(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() throws IOException {
        training.check();
        Path folder = RunFolder.of(output, "instruct");
        Transcript report = new Transcript(out);
        try (OutputFolder results = OutputFolder.open(folder)) {
            List<Dialogue> dialogues = Conversation.read(data, training.limit()).stream()
                    .flatMap(conversation -> conversation.dialogues().stream())
                    .toList();
            try (LanguageModel<?> language = model.load()) {
                Trained trained = training.train(
                        language, method, false, training.encode(language, dialogues, report), model.seed(), err);
                report.say(
                        "%s: %,d parameters, loss %.4f, %.1f s",
                        trained.title(), trained.parameters(), trained.lastLoss(), trained.seconds());
                trained.training().save(results.path(), model.folder());
                LossChart.write(
                        results.path().resolve("loss.png"),
                        data.getFileName().toString(),
                        Map.of(trained.title(), trained.result().losses()));
            }
            Files.writeString(results.path().resolve("report.txt"), report.toString(), StandardCharsets.UTF_8);
            results.commit();
        }
        out.println("written to " + folder);
        return 0;
    }
}
