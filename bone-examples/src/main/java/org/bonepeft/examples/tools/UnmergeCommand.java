package org.bonepeft.examples.tools;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.bonepeft.merge.OfflineMerge;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bone unmerge}: {@link OfflineMerge#unmerge}. */
@Command(
        name = "unmerge",
        description = {
            "Takes an adapter's DeltaW out of a model that it was merged into, and writes the model from before.",
            "Equal to that up to rounding in the model's type; a copy of the base is better. What DoRA, PiSSA, OLoRA,"
                    + " whole modules or a Bat with singular I + B did cannot be undone."
        },
        sortOptions = false)
public final class UnmergeCommand implements Callable<Integer> {
    private final PrintStream out;
    private final PrintStream err;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "DIR",
            description = "Hugging Face directory that merge wrote")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private Path model;

    @Mixin
    private final MergeOptions options = new MergeOptions();

    /** Creates the command; progress goes to {@code err}. */
    public UnmergeCommand(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() throws IOException {
        return options.run("unmerge", model, OfflineMerge::unmerge, out, err);
    }
}
