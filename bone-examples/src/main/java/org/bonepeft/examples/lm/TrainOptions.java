package org.bonepeft.examples.lm;

import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.djl.train.TrainingResult;
import org.bonepeft.examples.lm.Encoder.Encoded;
import org.bonepeft.examples.lm.Encoder.Tokens;
import org.bonepeft.examples.plan.ParameterBudget;
import org.bonepeft.examples.report.Transcript;
import org.bonepeft.peft.Targets;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How to fine-tune. */
public final class TrainOptions {
    private static final String BONE = "bone";

    /** On which tokens the loss is taken. */
    enum Loss {
        RESPONSE,
        ALL
    }

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec command;

    @Option(
            names = "--rank",
            paramLabel = "N",
            defaultValue = "16",
            description = "block size of Bone (default: ${DEFAULT-VALUE}); beside Bone, the other methods take the rank"
                    + " with as many parameters; without Bone it is their own rank")
    private int rank;

    @Option(
            names = "--targets",
            split = ",",
            paramLabel = "NAME",
            defaultValue = "all-linear",
            description = "linear layers to adapt, by the last parts of their path (default: ${DEFAULT-VALUE})")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private List<String> targets;

    @Option(
            names = "--epochs",
            paramLabel = "X",
            defaultValue = "2.5",
            description = "passes over the training rows (default: ${DEFAULT-VALUE})")
    private double epochs;

    @Option(names = "--steps", paramLabel = "N", description = "updates, instead of epochs")
    private @Nullable Integer steps;

    @Option(
            names = "--lr",
            paramLabel = "X",
            defaultValue = "4e-3",
            description = "peak learning rate (default: ${DEFAULT-VALUE}, for the bundled model; the paper has 2e-5)")
    private double learningRate;

    @Option(
            names = "--weight-decay",
            paramLabel = "X",
            defaultValue = "0",
            description = "share of a matrix that a step of rate 1 takes away (default: ${DEFAULT-VALUE})")
    private double weightDecay;

    @Option(names = "--batch-size", paramLabel = "N", defaultValue = "8", description = "default: ${DEFAULT-VALUE}")
    private int batchSize;

    @Option(
            names = "--micro-batch",
            paramLabel = "N",
            defaultValue = "16",
            description = "sequences that go through the model at once (default: ${DEFAULT-VALUE})")
    private int microBatch;

    @Option(
            names = "--max-length",
            paramLabel = "N",
            defaultValue = "512",
            description =
                    "tokens of a sequence; longer ones are cut and counted (default: ${DEFAULT-VALUE}, or what the"
                            + " model can)")
    private int maxLength;

    @Option(
            names = "--pack",
            paramLabel = "N",
            description = "put examples one after the other into sequences of up to so many tokens")
    private @Nullable Integer pack;

    @Option(
            names = "--loss",
            paramLabel = "T",
            defaultValue = "response",
            description = "tokens to predict: response or all (default: ${DEFAULT-VALUE})")
    @SuppressWarnings("NullAway.Init")
    private Loss loss;

    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "2147483647",
            showDefaultValue = picocli.CommandLine.Help.Visibility.NEVER,
            description = "the most rows to train on (default: all)")
    private int limit;

    /** A method that was trained. */
    public record Trained(String title, AdapterTraining training, TrainingResult result, long parameters) {
        /** Returns the mean loss of the last tenth of the steps. */
        public double lastLoss() {
            List<Double> losses = result.losses();
            return losses.stream()
                    .skip(losses.size() - Math.max(1, losses.size() / 10))
                    .mapToDouble(Double::doubleValue)
                    .average()
                    .orElse(Double.NaN);
        }

        /** Returns the seconds that the steps took. */
        public double seconds() {
            return result.steps().stream().mapToDouble(step -> step.seconds()).sum();
        }

        /** Returns the tokens that went in. */
        public long tokens() {
            return result.steps().stream().mapToLong(step -> step.tokens()).sum();
        }
    }

    /** Returns the most rows to read. */
    public int limit() {
        return limit;
    }

    /** Checks the numbers; a wrong one is a usage error. */
    public void check() {
        require(rank >= 1, "--rank must be 1 or more, not " + rank);
        require(epochs > 0 && epochs <= 1000, "--epochs must be above 0 and at most 1000, not " + epochs);
        require(steps == null || steps >= 1, "--steps must be 1 or more, not " + steps);
        require(learningRate > 0 && learningRate < 1, "--lr must be between 0 and 1, not " + learningRate);
        require(weightDecay >= 0 && weightDecay <= 1, "--weight-decay must be between 0 and 1, not " + weightDecay);
        require(batchSize >= 1, "--batch-size must be 1 or more, not " + batchSize);
        require(microBatch >= 1, "--micro-batch must be 1 or more, not " + microBatch);
        require(maxLength >= 8, "--max-length must be 8 or more, not " + maxLength);
        require(pack == null || pack >= 8, "--pack must be 8 or more, not " + pack);
        require(limit >= 1, "--limit must be 1 or more, not " + limit);
    }

    private void require(boolean condition, String message) {
        if (!condition) {
            throw new ParameterException(command.commandLine(), message);
        }
    }

    /** Returns the rows as tokens, and says how many were cut. */
    public List<Tokens> encode(LanguageModel<?> language, List<Dialogue> dialogues, Transcript report) {
        int longest = Math.min(maxLength, language.model().maxPositions());
        Encoder encoder = new Encoder(language.tokenizer(), language.ends(), longest, loss == Loss.ALL);
        Encoded encoded = encoder.encode(dialogues);
        report.say(
                "%,d rows to train on, %,d tokens; %,d were cut to %d tokens, %,d left out because their prompt is longer",
                encoded.sequences().size(), encoded.tokens(), encoded.truncated(), longest, encoded.dropped());
        if (pack == null) {
            return encoded.sequences();
        }
        List<Tokens> packed = Encoder.pack(
                encoded.sequences(), Math.min(pack, language.model().maxPositions()));
        report.say("packed into %,d sequences of up to %d tokens", packed.size(), pack);
        return packed;
    }

    /**
     * Attaches a method to the model and trains it.
     *
     * @param likeBone whether it gets as many parameters as Bone of the rank has, instead of the rank itself
     */
    public Trained train(
            LanguageModel<?> language, String method, boolean likeBone, List<Tokens> rows, long seed, PrintStream err)
            throws IOException {
        Targets selected = Targets.of(targets);
        ParameterBudget budget = ParameterBudget.of(language.model().linears(), selected);
        int own = likeBone && !method.equals(BONE) ? budget.rankLikeBone(method, rank) : rank;
        AdapterMethod adapter = budget.method(method, own);
        AdapterTraining training = new AdapterTraining(
                language,
                adapter,
                selected,
                rows,
                new AdapterTraining.Settings(
                        epochs,
                        steps == null ? 0 : steps,
                        batchSize,
                        microBatch,
                        learningRate,
                        weightDecay,
                        0.06,
                        seed));
        String title = method + " r=" + own;
        TrainingResult result = training.run(title, err);
        return new Trained(title, training, result, training.adapted().trainableCount());
    }
}
