package org.bonepeft.examples.glue;

import java.util.OptionalDouble;

/**
 * How to train.
 *
 * @param epochs passes over the training rows, perhaps with a fraction
 * @param maxSteps no more steps than this, whatever the epochs
 * @param peak the peak of the learning rate, or none for each method's own
 */
record TrainSettings(double epochs, int maxSteps, int batchSize, OptionalDouble peak, double weightDecay, long seed) {
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
}
