package org.bonepeft.examples.tools;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.bonepeft.merge.OfflineMerge;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bone merge}: {@link OfflineMerge#merge}. */
@Command(
        name = "merge",
        description = {
            "Adds an adapter's DeltaW to a model on disk and writes a model of its own, without any engine.",
            "Sums are made in float64 and rounded once, to the type that the base has, to nearest, ties to even. Shards,"
                    + " index, configuration and tokenizer are those of the base. Memory holds the adapter of one layer"
                    + " and a few rows at a time, whatever the size of the model."
        },
        sortOptions = false)
public final class MergeCommand implements Callable<Integer> {
    private final PrintStream out;
    private final PrintStream err;

    @Option(
            names = "--base",
            required = true,
            paramLabel = "DIR",
            description = "Hugging Face directory of the base model")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private Path base;

    @Mixin
    private final MergeOptions options = new MergeOptions();

    /** Creates the command; progress goes to {@code err}. */
    public MergeCommand(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() throws IOException {
        return options.run("merge", base, OfflineMerge::merge, out, err);
    }
}
