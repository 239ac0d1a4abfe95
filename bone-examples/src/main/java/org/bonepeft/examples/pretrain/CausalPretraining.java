package org.bonepeft.examples.pretrain;

import ai.djl.Device;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.bonepeft.djl.model.CausalLm;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.djl.torch.TorchTypes;
import org.bonepeft.examples.minimath.MathCorpus;
import org.bonepeft.examples.minimath.MiniMetaMath;
import org.bonepeft.examples.report.Progress;
import org.bonepeft.tensor.DType;

/**
 * A model that tells the next token, trained on {@link MathCorpus} and stored in bfloat16, and the mini MetaMath.
 *
 * @param create makes an untrained model
 * @param save writes a model
 */
record CausalPretraining<M extends ModelBlock & CausalLm>(
        CausalRecipe recipe, Create<M> create, Save<M> save, PrintStream out, PrintStream err) implements Pretraining {
    private static final int SCORED_BATCHES = 50;
    private static final Map<String, String> PLAIN = Map.of("truncation", "false", "padding", "false");

    /** Makes an untrained model. */
    interface Create<M> {
        /** Returns a model that knows so many tokens; its arrays belong to the manager. */
        M create(int vocabulary, NDManager manager);
    }

    /** Writes a model. */
    interface Save<M> {
        /** Writes into a folder, in the type that the parameters have. */
        void save(M model, Path folder) throws IOException;
    }

    @Override
    public void run(Path folder, Path data, Device device) throws IOException {
        new MiniMetaMath(recipe.seed()).write(data);
        TokenizerFiles files = tokenizer();
        files.write(folder, 512);
        Map<String, Integer> vocabulary = files.vocabulary();
        long end = vocabulary.getOrDefault("</s>", 0);
        try (HuggingFaceTokenizer tokenizer =
                        HuggingFaceTokenizer.newInstance(folder.resolve("tokenizer.json"), PLAIN);
                NDManager manager = NDManager.newBaseManager(device, "PyTorch");
                Progress progress = new Progress("pretrain", recipe.steps(), err)) {
            M model = create.create(vocabulary.size(), manager);
            CausalLmTraining<M> training = new CausalLmTraining<>(recipe, model);
            training.run(new PackedRows(corpus(1), tokenizer, end), progress);
            double loss = training.score(new PackedRows(corpus(2), tokenizer, end), SCORED_BATCHES);
            long size = model.tensors().values().stream()
                    .mapToLong(parameter -> parameter.getShape().size())
                    .sum();
            round(model);
            save.save(model, folder);
            out.printf(
                    Locale.ROOT,
                    "%,d parameters, %,d tokens of vocabulary; %d steps, %,d tokens in %.0f s; new text: loss %.3f%n",
                    size,
                    vocabulary.size(),
                    recipe.steps(),
                    progress.tokens(),
                    progress.seconds(),
                    loss);
        }
    }

    private TokenizerFiles tokenizer() {
        BpeTrainer trainer = new BpeTrainer();
        MathCorpus corpus = corpus(0);
        for (int i = 0; i < recipe.tokenizerDocuments(); i++) {
            for (String part : corpus.get().split("\\d", -1)) { // digits are tokens of their own
                trainer.add(part);
            }
        }
        return new TokenizerFiles(TokenizerFiles.Style.LLAMA, trainer.merges(recipe.merges()));
    }

    /** The streams of a seed are different. */
    private MathCorpus corpus(int stream) {
        return new MathCorpus(recipe.seed() * 1000 + stream);
    }

    private static void round(ModelBlock model) {
        for (Parameter parameter : model.tensors().values()) {
            try (NDArray wide = parameter.getArray()) {
                NDArray narrow = TorchAutograd.with(false, () -> TorchTypes.cast(wide, DType.BF16));
                parameter.close();
                parameter.setInitializer((manager, shape, type) -> narrow);
                parameter.initialize(narrow.getManager(), narrow.getDataType());
            }
        }
    }
}
