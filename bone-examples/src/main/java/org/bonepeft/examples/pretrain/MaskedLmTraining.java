package org.bonepeft.examples.pretrain;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.roberta.RobertaForMaskedLm;
import org.bonepeft.djl.torch.AdamW;
import org.bonepeft.djl.torch.Kernels;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.examples.report.Progress;

/**
 * Masked-LM training (Devlin et al. 2019; Liu et al. 2019): AdamW, gradients clipped to the norm 1, each text seen once
 * and therefore no dropout.
 */
final class MaskedLmTraining {
    private static final double MAX_NORM = 1;
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.98;
    private static final double EPS = 1e-6;

    private final Recipe recipe;
    private final NDManager manager;
    private final RobertaForMaskedLm model;
    private final ParameterStore store;

    /** What a model guesses of masked text: mean loss in nats, share of tokens guessed right. */
    record Score(double loss, double accuracy) {}

    MaskedLmTraining(Recipe recipe, NDManager manager, RobertaForMaskedLm model) {
        this.recipe = recipe;
        this.manager = manager;
        this.model = model;
        store = new ParameterStore(manager, false);
    }

    /**
     * Takes the recipe's steps.
     *
     * @return the loss of each step
     * @throws BoneException if a loss is not finite
     */
    double[] run(TokenStream text, Progress progress) {
        Random random = new Random(recipe.seed());
        double[] losses = new double[recipe.steps()];
        try (AdamW optimizer = optimizer()) {
            for (int step = 0; step < losses.length; step++) {
                MaskedBatch batch = MaskedBatch.of(text.next(), model.config().vocabSize(), random);
                losses[step] = backward(batch);
                double norm = optimizer.step(recipe.learningRate() * recipe.schedule(step), MAX_NORM);
                optimizer.zeroGradients();
                if (!Double.isFinite(losses[step]) || !Double.isFinite(norm)) {
                    throw new BoneException("the loss is " + losses[step] + " and the gradient's norm " + norm
                            + " at step " + (step + 1) + "; try another --seed");
                }
                progress.step(batch.tokens(), losses[step]);
            }
        }
        return losses;
    }

    /** Matrices decay, vectors do not. */
    private AdamW optimizer() {
        Map<String, NDArray> matrices = new LinkedHashMap<>();
        Map<String, NDArray> vectors = new LinkedHashMap<>();
        for (Map.Entry<String, Parameter> entry : model.tensors().entrySet()) {
            NDArray array = entry.getValue().getArray();
            (array.getShape().dimension() > 1 ? matrices : vectors).put(entry.getKey(), array);
        }
        return AdamW.builder()
                .addGroup(matrices, 1, recipe.weightDecay())
                .addGroup(vectors, 1, 0)
                .optBetas(BETA1, BETA2)
                .optEps(EPS)
                .build();
    }

    @SuppressWarnings("try") // the mode is not named again
    private double backward(MaskedBatch batch) {
        try (NDScope arrays = new NDScope();
                TorchAutograd recording = TorchAutograd.enabled()) {
            arrays.suppressNotUsedWarning();
            NDArray loss = loss(logits(batch), batch);
            TorchAutograd.backward(loss);
            return loss.getFloat();
        }
    }

    /** The logits [chosen, vocabulary]. */
    private NDArray logits(MaskedBatch batch) {
        return model.logitsAt(store, batch.inputs(manager), batch.positions(manager), false);
    }

    private NDArray loss(NDArray logits, MaskedBatch batch) {
        return Kernels.of(manager).crossEntropy(logits, batch.labels(manager), -100, Kernels.Reduction.MEAN);
    }

    /** Loss and accuracy over batches of text that the model was not trained on. */
    @SuppressWarnings("try")
    Score score(List<MaskedBatch> batches) {
        double loss = 0;
        double right = 0;
        long chosen = 0;
        try (TorchAutograd off = TorchAutograd.disabled()) {
            for (MaskedBatch batch : batches) {
                try (NDScope arrays = new NDScope()) {
                    arrays.suppressNotUsedWarning();
                    NDArray logits = logits(batch);
                    int here = batch.chosen();
                    loss += here * (double) loss(logits, batch).getFloat();
                    right += logits.argMax(1).eq(batch.labels(manager)).sum().getLong();
                    chosen += here;
                }
            }
        }
        return new Score(loss / chosen, right / chosen);
    }
}
