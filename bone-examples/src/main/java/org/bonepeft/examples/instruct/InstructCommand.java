package org.bonepeft.examples.instruct;

import java.io.PrintStream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bone instruct}: fine-tunes on instructions, and answers HumanEval and MT-Bench. */
@Command(
        name = "instruct",
        description = "Fine-tunes a language model on instructions, and lets it answer HumanEval and MT-Bench.",
        synopsisSubcommandLabel = "train|generate")
public final class InstructCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    private InstructCommand() {}

    /** Returns the command with its subcommands; results go to {@code out}, progress to {@code err}. */
    public static CommandLine program(PrintStream out, PrintStream err) {
        return new CommandLine(new InstructCommand())
                .addSubcommand(new InstructTrainCommand(out, err))
                .addSubcommand(new InstructGenerateCommand(out, err));
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "say train or generate");
    }
}
