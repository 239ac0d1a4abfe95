package org.bonepeft.djl.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bonepeft.BoneException;

/**
 * How to train.
 *
 * @param batchSize examples of a step
 * @param microBatch examples that go through the model at once; the last of a step may be fewer
 * @param steps updates, or 0 if epochs say how long
 * @param epochs passes over the data, perhaps with a fraction; 0 if steps say how long
 * @param learningRate the peak
 * @param schedule how the learning rate changes
 * @param maxNorm the largest norm of all gradients together; infinity clips nothing
 * @param optimizer its numbers
 * @param seed of the order of the examples and of dropout
 * @param skipNonFinite whether a step with a loss or gradient that is not finite is left out and counted, instead of
 *     ending the run
 * @param checkpointLayers whether activations inside layers are computed again in the backward pass instead of kept
 * @param verifyFrozen whether the frozen weights are compared, by their hashes, before and after
 */
public record TrainingConfig(
        int batchSize,
        int microBatch,
        int steps,
        double epochs,
        double learningRate,
        Schedule schedule,
        double maxNorm,
        AdamWConfig optimizer,
        long seed,
        boolean skipNonFinite,
        boolean checkpointLayers,
        boolean verifyFrozen) {
    /** Checks the numbers. */
    public TrainingConfig {
        require(batchSize > 0, "batch size", batchSize, "1 or more");
        require(microBatch > 0 && microBatch <= batchSize, "micro-batch", microBatch, "1 to the batch size");
        boolean one = steps >= 0 && epochs >= 0 && Double.isFinite(epochs) && (steps > 0) != (epochs > 0);
        require(one, "steps " + steps + ", epochs", epochs, "one of both above 0, and the other 0");
        require(learningRate > 0 && Double.isFinite(learningRate), "learning rate", learningRate, "above 0");
        require(maxNorm > 0, "norm to clip at", maxNorm, "above 0");
    }

    private static void require(boolean condition, String what, Number value, String expected) {
        if (!condition) {
            throw new BoneException(what + " " + value + "; expected " + expected);
        }
    }

    /** Returns a builder. */
    public static Builder builder() {
        return new Builder();
    }

    /** Returns the number of updates over data of a size. */
    int totalSteps(int size, BatchOrder order) {
        if (steps > 0) {
            return steps;
        }
        int total = 0;
        for (int epoch = 0; epoch < epochs; epoch++) {
            int all = order.batches(size, batchSize, seed, epoch).size();
            total += (int) Math.ceil(Math.min(1, epochs - epoch) * all);
        }
        return total;
    }

    /** Returns what decides which numbers a run computes, by name. */
    public Map<String, String> settings() {
        Map<String, String> values = new LinkedHashMap<>();
        values.put("batch size", "" + batchSize);
        values.put("micro-batch", "" + microBatch);
        values.put("steps", "" + steps);
        values.put("epochs", "" + epochs);
        values.put("learning rate", "" + learningRate);
        values.put("schedule", "" + schedule);
        values.put("norm to clip at", "" + maxNorm);
        values.put("optimizer", "" + optimizer);
        values.put("seed", "" + seed);
        return values;
    }

    /** Builds a {@link TrainingConfig}. */
    public static final class Builder {
        private int batchSize;
        private int microBatch;
        private int steps;
        private double epochs;
        private double learningRate;
        private Schedule schedule = Schedule.constant();
        private double maxNorm = 1;
        private AdamWConfig optimizer = AdamWConfig.defaults();
        private long seed = 42;
        private boolean skipNonFinite;
        private boolean checkpointLayers;
        private boolean verifyFrozen;

        private Builder() {}

        /** Sets how many examples a step has. */
        public Builder setBatchSize(int examples) {
            batchSize = examples;
            return this;
        }

        /** Sets how many examples go through the model at once; all of a step if not called. */
        public Builder optMicroBatch(int examples) {
            microBatch = examples;
            return this;
        }

        /** Sets the number of updates; instead of epochs. */
        public Builder setSteps(int updates) {
            steps = updates;
            return this;
        }

        /** Sets the number of passes over the data, perhaps with a fraction; instead of steps. */
        public Builder setEpochs(double passes) {
            epochs = passes;
            return this;
        }

        /** Sets the peak of the learning rate. */
        public Builder setLearningRate(double peak) {
            learningRate = peak;
            return this;
        }

        /** Sets how the learning rate changes; constant if not called. */
        public Builder optSchedule(Schedule value) {
            schedule = value;
            return this;
        }

        /** Sets the largest norm of the gradient; 1 if not called, infinity clips nothing. */
        public Builder optMaxNorm(double norm) {
            maxNorm = norm;
            return this;
        }

        /** Sets the optimizer's numbers; {@link AdamWConfig#defaults} if not called. */
        public Builder optOptimizer(AdamWConfig value) {
            optimizer = value;
            return this;
        }

        /** Sets the seed; 42 if not called. */
        public Builder optSeed(long value) {
            seed = value;
            return this;
        }

        /** Leaves out steps whose loss or gradient is not finite, and counts them, instead of ending the run. */
        public Builder optSkipNonFinite(boolean value) {
            skipNonFinite = value;
            return this;
        }

        /** Computes activations inside layers again in the backward pass instead of keeping them. */
        public Builder optCheckpointLayers(boolean value) {
            checkpointLayers = value;
            return this;
        }

        /** Compares the frozen weights before and after. */
        public Builder optVerifyFrozen(boolean value) {
            verifyFrozen = value;
            return this;
        }

        /**
         * Returns the configuration.
         *
         * @throws BoneException if something is missing or out of range
         */
        public TrainingConfig build() {
            List<String> missing = new ArrayList<>();
            if (batchSize == 0) {
                missing.add("setBatchSize");
            }
            if (steps == 0 && epochs == 0) {
                missing.add("setSteps or setEpochs");
            }
            if (learningRate == 0) {
                missing.add("setLearningRate");
            }
            if (!missing.isEmpty()) {
                throw new BoneException("the training configuration lacks " + String.join(", ", missing));
            }
            return new TrainingConfig(
                    batchSize,
                    microBatch == 0 ? batchSize : microBatch,
                    steps,
                    epochs,
                    learningRate,
                    schedule,
                    maxNorm,
                    optimizer,
                    seed,
                    skipNonFinite,
                    checkpointLayers,
                    verifyFrozen);
        }
    }
}
