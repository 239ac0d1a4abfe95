package org.bonepeft.examples.glue;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import org.bonepeft.BoneException;
import org.bonepeft.examples.lm.ModelOptions;
import org.bonepeft.examples.lm.RunFolder;
import org.bonepeft.examples.options.RunOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bone glue}: fine-tunes a RoBERTa on a GLUE task and compares methods. */
@Command(
        name = "glue",
        description = {
            "Fine-tunes a RoBERTa on a GLUE task and compares methods.",
            "Without options: the bundled mini model on the bundled CoLA with Bone on query and value, beside LoRA with"
                    + " as many parameters and the classification head alone."
        },
        sortOptions = false)
public final class GlueCommand implements Callable<Integer> {
    private final PrintStream out;
    private final PrintStream err;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Option(names = "--task", paramLabel = "T", description = "CoLA, SST-2, MRPC, QQP, MNLI, QNLI, RTE or WNLI")
    private @Nullable String task;

    @Option(names = "--data", paramLabel = "DIR", description = "folder with the task's train.tsv and dev.tsv")
    private @Nullable Path data;

    @Option(names = "--model", paramLabel = "DIR", description = "Hugging Face folder of a RoBERTa")
    private @Nullable Path model;

    @Option(
            names = "--method",
            split = ",",
            paramLabel = "M",
            defaultValue = "head-only,lora,bone",
            converter = Method.Converter.class,
            description = "what to train, in this order: head-only, full, or an adapter, see docs/METHODS.md"
                    + " (default: ${DEFAULT-VALUE})")
    @SuppressWarnings("NullAway.Init")
    private List<Method> methods;

    @Option(
            names = "--rank",
            paramLabel = "N",
            defaultValue = "16",
            description =
                    "block size of Bone (default: ${DEFAULT-VALUE}); beside Bone, LoRA takes the rank with as many"
                            + " parameters; without Bone it is LoRA's rank")
    private int rank;

    @Option(
            names = "--targets",
            split = ",",
            paramLabel = "NAME",
            defaultValue = "query,value",
            description = "linear layers to adapt, by the last parts of their path (default: ${DEFAULT-VALUE})")
    @SuppressWarnings("NullAway.Init")
    private List<String> targets;

    @Option(
            names = "--epochs",
            paramLabel = "X",
            defaultValue = "5",
            description = "passes over the training rows (default: ${DEFAULT-VALUE})")
    private double epochs;

    @Option(
            names = "--max-steps",
            paramLabel = "N",
            defaultValue = "1500",
            description = "no more steps than this for each method (default: ${DEFAULT-VALUE})")
    private int maxSteps;

    @Option(names = "--lr", paramLabel = "X", description = "peak learning rate (default: each method's own)")
    private @Nullable Double learningRate;

    @Option(
            names = "--weight-decay",
            paramLabel = "X",
            defaultValue = "0.01",
            description = "share of a parameter that a step of rate 1 takes away (default: ${DEFAULT-VALUE})")
    private double weightDecay;

    @Option(names = "--batch-size", paramLabel = "N", defaultValue = "32", description = "default: ${DEFAULT-VALUE}")
    private int batchSize;

    @Option(
            names = "--max-length",
            paramLabel = "N",
            defaultValue = "128",
            description = "tokens of a row; longer ones are cut (default: ${DEFAULT-VALUE}, or what the model can)")
    private int maxLength;

    @Option(names = "--out", paramLabel = "DIR", description = "folder to write (default: runs/glue-TASK-TIME)")
    private @Nullable Path output;

    @Mixin
    private final RunOptions hardware = new RunOptions();

    /** Creates the command; results go to {@code out}, progress to {@code err}. */
    public GlueCommand(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() throws IOException {
        GlueOptions options = options();
        new GlueRun(options, out, err).run();
        return 0;
    }

    private GlueOptions options() {
        require(rank >= 1, "--rank must be 1 or more, not " + rank);
        require(epochs > 0 && epochs <= 1000, "--epochs must be above 0 and at most 1000, not " + epochs);
        require(maxSteps >= 1, "--max-steps must be 1 or more, not " + maxSteps);
        require(
                learningRate == null || (learningRate > 0 && learningRate < 1),
                "--lr must be between 0 and 1, not " + learningRate);
        require(weightDecay >= 0 && weightDecay <= 1, "--weight-decay must be between 0 and 1, not " + weightDecay);
        require(batchSize >= 1, "--batch-size must be 1 or more, not " + batchSize);
        require(maxLength >= 8, "--max-length must be 8 or more, not " + maxLength);
        hardware.device();
        require(methods.stream().distinct().count() == methods.size(), "--method names a method twice");
        GlueLocation location = location(ModelOptions.bundled("mini-glue"));
        return new GlueOptions(
                location,
                Optional.ofNullable(model).orElse(ModelOptions.bundled("mini-roberta")),
                methods,
                rank,
                targets,
                new TrainSettings(
                        epochs,
                        maxSteps,
                        batchSize,
                        learningRate == null ? OptionalDouble.empty() : OptionalDouble.of(learningRate),
                        weightDecay,
                        hardware.seed()),
                maxLength,
                RunFolder.of(output, "glue-" + location.task().title()),
                hardware);
    }

    private GlueLocation location(Path bundled) {
        try {
            return GlueLocation.of(Optional.ofNullable(task), Optional.ofNullable(data), bundled);
        } catch (BoneException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }

    private void require(boolean condition, String message) {
        if (!condition) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }
}
