package org.bonepeft.examples.metamath;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import org.bonepeft.examples.lm.Dialogue;
import org.bonepeft.examples.lm.LmTrainCommand;
import org.bonepeft.examples.lm.ModelOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bone metamath train}: fine-tunes by one method and writes the adapter. */
@Command(name = "train", description = "Fine-tunes by one method and writes the adapter.", sortOptions = false)
final class TrainCommand extends LmTrainCommand {
    @Option(
            names = "--data",
            paramLabel = "FILE",
            description = "problems: MetaMathQA, GSM8K or MATH, JSON or JSON lines (default: the bundled ones)")
    private @Nullable Path data;

    @Option(names = "--prompt", paramLabel = "P", defaultValue = "peft", description = "peft or paper (default: peft)")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private Prompt prompt;

    TrainCommand(PrintStream out, PrintStream err) {
        super("metamath", out, err);
    }

    @Override
    protected List<Dialogue> dialogues(int limit) throws IOException {
        Path file = data == null ? ModelOptions.bundled("mini-metamath").resolve("train.json") : data;
        return dialogues(MathRow.read(file, limit), prompt);
    }

    /** A blank parts a response from its prompt. */
    static List<Dialogue> dialogues(List<MathRow> rows, Prompt prompt) {
        return rows.stream()
                .map(row -> new Dialogue(prompt.train(row.query()), " " + row.response()))
                .toList();
    }
}
