package org.bonepeft.examples.glue;

import java.util.OptionalDouble;
import org.bonepeft.djl.train.AdamWConfig;
import org.bonepeft.djl.train.Schedule;
import org.bonepeft.djl.train.TrainingConfig;

/**
 * How to train: AdamW with decay on everything, the gradient's global norm clipped at 1, the learning rate rising linearly
 * for a share of the steps and then falling linearly to zero.
 *
 * @param epochs passes over the training rows, perhaps with a fraction
 * @param maxSteps no more steps than this, whatever the epochs
 * @param peak the peak of the learning rate, or none for each method's own
 */
record TrainSettings(double epochs, int maxSteps, int batchSize, OptionalDouble peak, double weightDecay, long seed) {
    private static final double WARM_UP = 0.06;

    /** Returns the steps that the epochs take over so many rows. */
    int wantedSteps(int rows) {
        return (int) Math.max(1, Math.ceil(epochs * rows / batchSize));
    }

    /** Returns the steps to take: those wanted, at most {@link #maxSteps}. */
    int steps(int rows) {
        return Math.min(maxSteps, wantedSteps(rows));
    }

    /** Returns the peak of the learning rate for a method. */
    double learningRate(Method method) {
        return peak.orElse(method.learningRate());
    }

    /** Returns how to train over so many rows. */
    TrainingConfig config(int rows, double learningRate) {
        return TrainingConfig.builder()
                .setBatchSize(batchSize)
                .setSteps(steps(rows))
                .setLearningRate(learningRate)
                .optSchedule(Schedule.linear().withWarmUp(WARM_UP))
                .optOptimizer(AdamWConfig.defaults().withWeightDecay(weightDecay, true))
                .optSeed(seed)
                .build();
    }
}
