package org.bonepeft.examples.pretrain;

import ai.djl.Device;
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
import org.bonepeft.djl.model.roberta.RobertaForMaskedLm;
import org.bonepeft.examples.report.Progress;
import org.bonepeft.examples.text.Corpus;
import org.bonepeft.examples.text.MiniGlue;

/** The mini RoBERTa, trained to guess hidden tokens, and the mini GLUE. */
record RobertaPretraining(Recipe recipe, PrintStream out, PrintStream err) implements Pretraining {
    private static final int SCORED_BATCHES = 20;
    private static final Map<String, String> PLAIN = Map.of("truncation", "false", "padding", "false");

    @Override
    public void run(Path model, Path data, Device device) throws IOException {
        MiniGlue tasks = new MiniGlue(recipe.seed());
        tasks.write(data);
        pretrain(tasks, model, device);
    }

    private void pretrain(MiniGlue tasks, Path folder, Device device) throws IOException {
        BpeTrainer trainer = new BpeTrainer();
        corpus(tasks, 0).lines(recipe.tokenizerLines()).forEach(line -> line.forEach(trainer::add));
        TokenizerFiles files = new TokenizerFiles(TokenizerFiles.Style.ROBERTA, trainer.merges(recipe.merges()));
        files.write(folder, recipe.maximumTokens());
        try (HuggingFaceTokenizer tokenizer =
                        HuggingFaceTokenizer.newInstance(folder.resolve("tokenizer.json"), PLAIN);
                NDManager manager = NDManager.newBaseManager(device, "PyTorch");
                Progress progress = new Progress("pretrain", recipe.steps(), err)) {
            int vocabulary = files.vocabulary().size();
            RobertaForMaskedLm network = RobertaForMaskedLm.create(recipe.config(vocabulary), manager, recipe.seed());
            MaskedLmTraining training = new MaskedLmTraining(recipe, manager, network);
            training.run(stream(tokenizer, corpus(tasks, 1)), progress);
            MaskedLmTraining.Score score = training.score(unseen(stream(tokenizer, corpus(tasks, 2)), vocabulary));
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
    private Corpus corpus(MiniGlue tasks, int stream) {
        return new Corpus(recipe.seed() * 1000 + stream, tasks::hasInDev);
    }

    private TokenStream stream(HuggingFaceTokenizer tokenizer, Corpus corpus) {
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
