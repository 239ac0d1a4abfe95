package org.bonepeft.examples.pretrain;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import org.bonepeft.djl.model.roberta.RobertaForMaskedLm;
import org.bonepeft.examples.report.Progress;
import org.bonepeft.examples.text.Corpus;
import org.bonepeft.examples.text.MiniGlue;
import org.bonepeft.io.OutputFolder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bone pretrain}: makes the mini GLUE tasks and trains the mini RoBERTa on text of the same grammar. */
@Command(
        name = "pretrain",
        description = {
            "Makes the mini GLUE tasks and trains a mini RoBERTa on text of the same grammar.",
            "Without options it writes the bundled tasks, the bundled tokenizer, and a model made like the bundled one:"
                    + " the same bits on each run of the same build on the same kind of processor."
        },
        sortOptions = false)
public final class PretrainCommand implements Callable<Integer> {
    private static final String THREADS = "ai.djl.pytorch.num_threads";
    private static final int SCORED_BATCHES = 20;
    private static final Map<String, String> PLAIN = Map.of("truncation", "false", "padding", "false");

    private final PrintStream out;
    private final PrintStream err;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "runs/mini-roberta",
            description = "folder for the model (default: ${DEFAULT-VALUE})")
    @SuppressWarnings("NullAway.Init")
    private Path model;

    @Option(
            names = "--data-out",
            paramLabel = "DIR",
            defaultValue = "runs/mini-glue",
            description = "folder for the tasks (default: ${DEFAULT-VALUE})")
    @SuppressWarnings("NullAway.Init")
    private Path data;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "default: ${DEFAULT-VALUE}")
    private long seed;

    @Option(names = "--steps", paramLabel = "N", description = "steps to train (default: the recipe's)")
    private @Nullable Integer steps;

    @Option(names = "--quick", description = "a tiny model in seconds, to try the command")
    private boolean quick;

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "1",
            description = "threads for arithmetic; another number may round otherwise (default: ${DEFAULT-VALUE})")
    private int threads;

    /** Creates the command; results go to {@code out}, progress to {@code err}. */
    public PretrainCommand(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() throws IOException {
        require(steps == null || steps >= 1, "--steps must be 1 or more, not " + steps);
        require(threads >= 1, "--threads must be 1 or more, not " + threads);
        if (System.getProperty(THREADS) == null) {
            System.setProperty(THREADS, Integer.toString(threads)); // read when the engine starts
        }
        Recipe standard = quick ? Recipe.quick(seed) : Recipe.full(seed);
        Recipe recipe = steps == null ? standard : standard.withSteps(steps);
        try (OutputFolder modelFolder = OutputFolder.open(model);
                OutputFolder dataFolder = OutputFolder.open(data)) {
            MiniGlue tasks = new MiniGlue(seed);
            tasks.write(dataFolder.path());
            pretrain(recipe, tasks, modelFolder.path());
            dataFolder.commit();
            modelFolder.commit();
        }
        out.println("model: " + model + ", tasks: " + data);
        return 0;
    }

    private void require(boolean condition, String message) {
        if (!condition) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }

    private void pretrain(Recipe recipe, MiniGlue tasks, Path folder) throws IOException {
        BpeTrainer trainer = new BpeTrainer();
        corpus(recipe, tasks, 0).lines(recipe.tokenizerLines()).forEach(line -> line.forEach(trainer::add));
        TokenizerFiles files = new TokenizerFiles(trainer.merges(recipe.merges()));
        files.write(folder, recipe.maximumTokens());
        try (HuggingFaceTokenizer tokenizer =
                        HuggingFaceTokenizer.newInstance(folder.resolve("tokenizer.json"), PLAIN);
                NDManager manager = NDManager.newBaseManager("PyTorch");
                Progress progress = new Progress("pretrain", recipe.steps(), err)) {
            int vocabulary = files.vocabulary().size();
            RobertaForMaskedLm network = RobertaForMaskedLm.create(recipe.config(vocabulary), manager, recipe.seed());
            MaskedLmTraining training = new MaskedLmTraining(recipe, manager, network);
            training.run(stream(recipe, tokenizer, corpus(recipe, tasks, 1)), progress);
            MaskedLmTraining.Score score =
                    training.score(unseen(stream(recipe, tokenizer, corpus(recipe, tasks, 2)), vocabulary));
            network.save(folder);
            out.printf(
                    Locale.ROOT,
                    "%d steps, %d tokens in %.0f s; new text: loss %.3f, %.1f %% of hidden tokens right%n",
                    recipe.steps(),
                    progress.tokens(),
                    progress.seconds(),
                    score.loss(),
                    100 * score.accuracy());
        }
    }

    /** Text without the sentences of any dev file; the streams of a seed are different. */
    private static Corpus corpus(Recipe recipe, MiniGlue tasks, int stream) {
        return new Corpus(recipe.seed() * 1000 + stream, tasks::hasInDev);
    }

    private static TokenStream stream(Recipe recipe, HuggingFaceTokenizer tokenizer, Corpus corpus) {
        return new TokenStream(
                corpus, tokenizer, recipe.batchTokens(), recipe.maximumTokens(), new Random(recipe.seed()));
    }

    private static List<MaskedBatch> unseen(TokenStream stream, int vocabulary) {
        List<MaskedBatch> batches = new ArrayList<>();
        for (int i = 0; i < SCORED_BATCHES; i++) {
            batches.add(MaskedBatch.of(stream.next(), vocabulary, new Random(i)));
        }
        return batches;
    }
}
