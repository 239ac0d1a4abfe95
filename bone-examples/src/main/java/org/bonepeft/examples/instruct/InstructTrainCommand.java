package org.bonepeft.examples.instruct;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import org.bonepeft.examples.lm.Dialogue;
import org.bonepeft.examples.lm.LmTrainCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bone instruct train}: fine-tunes by one method and writes the adapter. */
@Command(name = "train", description = "Fine-tunes by one method and writes the adapter.", sortOptions = false)
final class InstructTrainCommand extends LmTrainCommand {
    @Option(
            names = "--data",
            paramLabel = "FILE",
            required = true,
            description = "instruction and output, query and answer, or conversations, as JSON or JSON lines")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private Path data;

    InstructTrainCommand(PrintStream out, PrintStream err) {
        super("instruct", out, err);
    }

    @Override
    protected List<Dialogue> dialogues(int limit) throws IOException {
        return Conversation.read(data, limit).stream()
                .flatMap(conversation -> conversation.dialogues().stream())
                .toList();
    }
}
