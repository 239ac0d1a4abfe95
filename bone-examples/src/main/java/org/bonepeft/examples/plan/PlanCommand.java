package org.bonepeft.examples.plan;

import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.bonepeft.adapter.AdapterException;
import org.bonepeft.adapter.AdapterMethods;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.examples.options.WeightOptions;
import org.bonepeft.examples.report.TextTable;
import org.bonepeft.peft.Targets;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bone plan}: parameters, file size, arithmetic and memory of methods on a model, from shapes alone. */
@Command(
        name = "plan",
        description = {
            "Says what methods would cost on a model: from its config.json or its name, without weights.",
            "FLOPs are those of all linear layers for one token, forward and backward with the gradient of the input;"
                    + " memory is that of the frozen weights, of the adapter with its gradients and AdamW's state, and the"
                    + " peak of the activations on the CPU; \"recomputed\" is the memory with activation checkpointing."
        },
        sortOptions = false)
public final class PlanCommand implements Callable<Integer> {
    private static final double MIB = 1 << 20;

    private final PrintStream out;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "M",
            description = "Hugging Face directory with a config.json, or a name such as roberta-base, llama-2-7b,"
                    + " llama-3.2-3b, mistral-7b, qwen2.5-7b, rwkv6-1.6b")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private String model;

    @Option(
            names = "--method",
            split = ",",
            paramLabel = "M",
            description = "default: all of them; one that does not fit says why")
    private List<String> methods = AdapterMethods.names();

    @Option(names = "--rank", paramLabel = "N", defaultValue = "64", description = "rank or block size (default: 64)")
    private int rank;

    @Option(names = "--mini-rank", paramLabel = "N", description = "columns of miss-mini (default: the rank)")
    private @Nullable Integer miniRank;

    @Option(names = "--groups", paramLabel = "N", description = "groups of bat-group (default: the rank)")
    private @Nullable Integer groups;

    @Option(
            names = "--targets",
            split = ",",
            paramLabel = "NAME",
            defaultValue = Targets.ALL_LINEAR,
            description = "linear layers to adapt, by the last parts of their path (default: all but the head)")
    @SuppressWarnings("NullAway.Init")
    private List<String> targets;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            defaultValue = "2048",
            description = "tokens of a training step, batch times length (default: 2048)")
    private long tokens;

    @Option(
            names = "--max-length",
            paramLabel = "N",
            defaultValue = "512",
            description = "tokens of a sequence; what attention keeps may grow with it"
                    + " (default: 512, or what the model or --tokens allows)")
    private int maxLength;

    @Mixin
    private final WeightOptions frozenWeights = WeightOptions.bfloat16();

    /** Creates the command; the table goes to {@code out}. */
    public PlanCommand(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() throws IOException {
        require(tokens >= 1, "--tokens must be 1 or more, not " + tokens);
        require(maxLength >= 1, "--max-length must be 1 or more, not " + maxLength);
        ModelBlock block = KnownModels.find(model);
        Sequences sequences = new Sequences(tokens, Math.min(maxLength, Math.min(tokens, KnownModels.longest(block))));
        long size = Plan.size(block);
        double frozen = Plan.frozenFlops(block);
        double weights = size * frozenWeights.type().bytes() / MIB;
        out.printf(
                Locale.ROOT,
                "%s: %,d parameters, %,.0f MiB in %s; rank %d, %,d tokens a step in sequences of %,d%n%n",
                model,
                size,
                weights,
                frozenWeights.name(),
                rank,
                sequences.tokens(),
                sequences.length());
        TextTable table = new TextTable(List.of(
                "method",
                "layers",
                "trainable",
                "of model",
                "file MiB",
                "MFLOP/token",
                "x frozen",
                "state MiB",
                "activations MiB",
                "memory MiB",
                "recomputed MiB"));
        StringBuilder unfit = new StringBuilder();
        for (String method : methods) {
            try {
                table.add(cells(method, plan(method, block, sequences), size, frozen, weights));
            } catch (AdapterException e) {
                if (methods.size() == 1) {
                    throw e;
                }
                unfit.append(method).append(": ").append(e.getMessage()).append('\n');
            }
        }
        out.print(table);
        out.print(unfit.isEmpty() ? "" : "\nDo not fit:\n" + unfit);
        return 0;
    }

    private Plan plan(String method, ModelBlock block, Sequences sequences) {
        AdapterMethods.Settings settings = new AdapterMethods.Settings(
                rank, rank, 0, groups == null ? rank : groups, miniRank == null ? rank : miniRank);
        return Plan.of(
                block, AdapterMethods.of(method, settings), Targets.of(targets), sequences, frozenWeights.type());
    }

    private void require(boolean condition, String message) {
        if (!condition) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }

    private static List<String> cells(String method, Plan plan, long size, double frozen, double weights) {
        return List.of(
                method,
                Integer.toString(plan.layers()),
                format("%,d", plan.parameters()),
                format("%.2f %%", 100.0 * plan.parameters() / size),
                format("%,.1f", plan.fileBytes() / MIB),
                format("%,.0f", plan.flops() / 1e6),
                format("%.2f", plan.flops() / frozen),
                format("%,.0f", plan.stateBytes() / MIB),
                format("%,.0f", plan.activations().kept() / MIB),
                format(
                        "%,.0f",
                        weights + (plan.stateBytes() + plan.activations().kept()) / MIB),
                format(
                        "%,.0f",
                        weights + (plan.stateBytes() + plan.activations().recomputed()) / MIB));
    }

    private static String format(String format, Object value) {
        return String.format(Locale.ROOT, format, value);
    }
}
