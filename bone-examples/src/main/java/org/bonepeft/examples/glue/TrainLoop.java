package org.bonepeft.examples.glue;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bonepeft.BoneException;
import org.bonepeft.djl.torch.AdamW;
import org.bonepeft.examples.report.Progress;

/**
 * Trains the parameters of a classifier that are not frozen: AdamW, the gradient's global norm clipped at 1, the
 * learning rate rising linearly for a share of the steps and then falling linearly to zero.
 */
final class TrainLoop {
    private static final double MAX_NORM = 1;
    private static final double WARM_UP = 0.06;

    private final Classifier classifier;
    private final TrainSettings settings;
    private final double learningRate;
    private final int steps;

    TrainLoop(Classifier classifier, TrainSettings settings, double learningRate, int steps) {
        this.classifier = classifier;
        this.settings = settings;
        this.learningRate = learningRate;
        this.steps = steps;
    }

    /**
     * Runs the steps over the shuffled rows, as many epochs as that takes.
     *
     * @return the loss of each step
     * @throws BoneException if a loss or a gradient is not finite; the step is not taken
     */
    List<Double> run(EncodedRows rows, Progress progress) {
        List<Double> losses = new ArrayList<>();
        int[] lengths = rows.lengths();
        try (AdamW optimizer =
                AdamW.builder().addGroup(trainable(), 1, settings.weightDecay()).build()) {
            for (int epoch = 0; losses.size() < steps; epoch++) {
                for (int[] batch : Batches.shuffled(lengths, settings.batchSize(), settings.seed() * 31 + epoch)) {
                    int step = losses.size();
                    if (step == steps) {
                        break;
                    }
                    double loss = classifier.backward(rows, batch);
                    double norm = optimizer.step(learningRate * schedule(step, steps), MAX_NORM);
                    if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
                        throw new BoneException("loss " + loss + ", gradient norm " + norm + " at step " + (step + 1)
                                + "; a smaller --lr may help");
                    }
                    optimizer.zeroGradients();
                    progress.step(rows.tokens(batch), loss);
                    losses.add(loss);
                }
            }
        }
        return losses;
    }

    /** The share of the peak learning rate at a step, counted from 0. */
    static double schedule(int step, int steps) {
        int warmUp = (int) Math.ceil(WARM_UP * steps);
        return step < warmUp ? (step + 1.0) / warmUp : (double) (steps - step) / Math.max(1, steps - warmUp);
    }

    private Map<String, NDArray> trainable() {
        Map<String, NDArray> arrays = new LinkedHashMap<>();
        classifier.trainable().forEach(parameter -> arrays.put(parameter.getId(), parameter.getArray()));
        return arrays;
    }
}
