package org.bonepeft.examples.pretrain;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.roberta.RobertaForMaskedLm;
import org.bonepeft.djl.torch.Kernels;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.djl.train.BatchOrder;
import org.bonepeft.djl.train.FineTuner;
import org.bonepeft.djl.train.Pass;
import org.bonepeft.djl.train.TrainingData;
import org.bonepeft.djl.train.TrainingListener;

/** Masked-LM training (Devlin et al. 2019; Liu et al. 2019), each text seen once and therefore without dropout. */
final class MaskedLmTraining {
    private final Recipe recipe;
    private final NDManager manager;
    private final RobertaForMaskedLm model;

    /** What a model guesses of masked text: mean loss in nats, share of tokens guessed right. */
    record Score(double loss, double accuracy) {}

    MaskedLmTraining(Recipe recipe, NDManager manager, RobertaForMaskedLm model) {
        this.recipe = recipe;
        this.manager = manager;
        this.model = model;
    }

    /**
     * Takes the recipe's steps.
     *
     * @return the loss of each step
     * @throws BoneException if a loss is not finite
     */
    double[] run(TokenStream text, TrainingListener progress) throws IOException {
        Random random = new Random(recipe.seed());
        List<Integer> steps = IntStream.range(0, recipe.steps()).boxed().toList();
        return FineTuner.<RobertaForMaskedLm, MaskedBatch>builder(
                        model, (network, batch, pass) -> lossSum(logits(network, batch, pass), batch, pass))
                .setData(TrainingData.of(
                        steps,
                        some -> MaskedBatch.of(text.next(), model.config().vocabSize(), random)))
                .optOrder(BatchOrder.sequential())
                .setConfig(recipe.training())
                .addListener(progress)
                .build()
                .train()
                .losses()
                .stream()
                .mapToDouble(Double::doubleValue)
                .toArray();
    }

    private static NDArray lossSum(NDArray logits, MaskedBatch batch, Pass pass) {
        return Kernels.of(pass.manager())
                .crossEntropy(logits, batch.labels(pass.manager()), -100, Kernels.Reduction.SUM);
    }

    /** The logits [chosen, vocabulary]; without dropout, also in training. */
    private static NDArray logits(RobertaForMaskedLm network, MaskedBatch batch, Pass pass) {
        NDManager arrays = pass.manager();
        return network.logitsAt(pass.store(), batch.inputs(arrays), batch.positions(arrays), false);
    }

    /** Loss and accuracy over batches of text that the model was not trained on. */
    @SuppressWarnings("try") // the mode is not named again
    Score score(List<MaskedBatch> batches) {
        Pass pass = new Pass(manager, new ParameterStore(manager, false), false);
        double loss = 0;
        double right = 0;
        long chosen = 0;
        try (TorchAutograd off = TorchAutograd.disabled()) {
            for (MaskedBatch batch : batches) {
                try (NDScope arrays = new NDScope()) {
                    arrays.suppressNotUsedWarning();
                    NDArray logits = logits(model, batch, pass);
                    loss += lossSum(logits, batch, pass).getFloat();
                    right += logits.argMax(1).eq(batch.labels(manager)).sum().getLong();
                    chosen += batch.chosen();
                }
            }
        }
        return new Score(loss / chosen, right / chosen);
    }
}
