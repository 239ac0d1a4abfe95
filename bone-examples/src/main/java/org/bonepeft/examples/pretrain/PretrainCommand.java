package org.bonepeft.examples.pretrain;

import ai.djl.Device;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.bonepeft.examples.options.RunOptions;
import org.bonepeft.io.OutputFolder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bone pretrain}: makes the models and the data that come with the project. */
@Command(
        name = "pretrain",
        description = {
            "Makes a mini model and the data to fine-tune it on: mini-roberta with the mini GLUE tasks, or mini-llama with"
                    + " the mini MetaMath.",
            "Without further options it writes the bundled data, the bundled tokenizer, and a model made like the bundled"
                    + " one: the same bits on each run of the same build on the same kind of processor with as many"
                    + " threads."
        },
        sortOptions = false)
public final class PretrainCommand implements Callable<Integer> {
    private static final int HIDDEN_SIZE = 128;

    private final PrintStream out;
    private final PrintStream err;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Option(
            names = "--model",
            paramLabel = "M",
            defaultValue = "mini-roberta",
            converter = MiniModel.Converter.class,
            description = "mini-roberta, mini-llama or mini-rwkv6 (default: ${DEFAULT-VALUE})")
    @SuppressWarnings("NullAway.Init")
    private MiniModel model;

    @Option(names = "--out", paramLabel = "DIR", description = "folder for the model (default: runs/MODEL)")
    private @Nullable Path modelOut;

    @Option(
            names = "--data-out",
            paramLabel = "DIR",
            description = "folder for the data (default: runs/mini-glue or runs/mini-metamath)")
    private @Nullable Path dataOut;

    @Option(names = "--steps", paramLabel = "N", description = "steps to train (default: the recipe's)")
    private @Nullable Integer steps;

    @Option(names = "--quick", description = "a tiny model in seconds, to try the command")
    private boolean quick;

    @Mixin
    private final RunOptions run = new RunOptions();

    /** Creates the command; results go to {@code out}, progress to {@code err}. */
    public PretrainCommand(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() throws IOException {
        if (steps != null && steps < 1) {
            throw new ParameterException(spec.commandLine(), "--steps must be 1 or more, not " + steps);
        }
        Device on = run.start(HIDDEN_SIZE);
        Path modelTo = modelOut == null ? Path.of("runs", model.title()) : modelOut;
        Path dataTo = dataOut == null ? Path.of("runs", model.data()) : dataOut;
        Pretraining pretraining =
                model.prepare(quick, run.seed(), steps == null ? OptionalInt.empty() : OptionalInt.of(steps), out, err);
        try (OutputFolder modelFolder = OutputFolder.open(modelTo);
                OutputFolder dataFolder = OutputFolder.open(dataTo)) {
            pretraining.run(modelFolder.path(), dataFolder.path(), on);
            dataFolder.commit();
            modelFolder.commit();
        }
        out.println("model: " + modelTo + ", data: " + dataTo);
        return 0;
    }
}
