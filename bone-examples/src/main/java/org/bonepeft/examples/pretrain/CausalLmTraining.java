package org.bonepeft.examples.pretrain;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.CausalLm;
import org.bonepeft.djl.torch.AdamW;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.examples.report.Progress;

/** Training to tell the next token: AdamW, gradients clipped to the norm 1, text that is seen once. */
final class CausalLmTraining {
    private static final double MAX_NORM = 1;
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.98;

    private final CausalRecipe recipe;
    private final NDManager manager;
    private final CausalLm model;
    private final Map<String, Parameter> parameters;
    private final ParameterStore store;

    /**
     * Prepares the training.
     *
     * @param parameters of the model, by name
     */
    CausalLmTraining(CausalRecipe recipe, NDManager manager, CausalLm model, Map<String, Parameter> parameters) {
        this.recipe = recipe;
        this.manager = manager;
        this.model = model;
        this.parameters = parameters;
        store = new ParameterStore(manager, false);
    }

    /**
     * Takes the recipe's steps.
     *
     * @return the loss of each step
     * @throws BoneException if a loss is not finite
     */
    double[] run(PackedRows text, Progress progress) {
        double[] losses = new double[recipe.steps()];
        try (AdamW optimizer = optimizer()) {
            for (int step = 0; step < losses.length; step++) {
                losses[step] = backward(text.next(recipe.rows(), recipe.rowTokens()));
                double norm = optimizer.step(recipe.learningRate() * recipe.schedule(step), MAX_NORM);
                optimizer.zeroGradients();
                if (!Double.isFinite(losses[step]) || !Double.isFinite(norm)) {
                    throw new BoneException("the loss is " + losses[step] + " and the gradient's norm " + norm
                            + " at step " + (step + 1) + "; try another --seed");
                }
                progress.step((long) recipe.rows() * recipe.rowTokens(), losses[step]);
            }
        }
        return losses;
    }

    /** Matrices decay, vectors do not. */
    private AdamW optimizer() {
        Map<String, NDArray> matrices = new LinkedHashMap<>();
        Map<String, NDArray> vectors = new LinkedHashMap<>();
        parameters.forEach((name, parameter) -> {
            NDArray array = parameter.getArray();
            (array.getShape().dimension() > 1 ? matrices : vectors).put(name, array);
        });
        return AdamW.builder()
                .addGroup(matrices, 1, recipe.weightDecay())
                .addGroup(vectors, 1, 0)
                .optBetas(BETA1, BETA2)
                .build();
    }

    @SuppressWarnings("try") // the mode is not named again
    private double backward(long[] rows) {
        try (NDScope arrays = new NDScope();
                TorchAutograd recording = TorchAutograd.enabled()) {
            arrays.suppressNotUsedWarning();
            NDArray loss = loss(rows);
            TorchAutograd.backward(loss);
            return loss.getFloat();
        }
    }

    private NDArray loss(long[] rows) {
        NDArray ids = manager.create(rows, new Shape(recipe.rows(), recipe.rowTokens()));
        return model.loss(store, new NDList(ids), ids, false);
    }

    /** The mean loss of the next rows of text that the model was not trained on. */
    @SuppressWarnings("try")
    double score(PackedRows text, int batches) {
        double sum = 0;
        try (TorchAutograd off = TorchAutograd.disabled()) {
            for (int i = 0; i < batches; i++) {
                try (NDScope arrays = new NDScope()) {
                    arrays.suppressNotUsedWarning();
                    sum += loss(text.next(recipe.rows(), recipe.rowTokens())).getFloat();
                }
            }
        }
        return sum / batches;
    }
}
