package org.bonepeft.djl.train;

/**
 * Examples that go through the model together, in Java's memory: a {@link TrainingData} makes it on a thread of its own,
 * an {@link Objective} turns it into arrays.
 */
public interface MicroBatch {
    /**
     * Returns the number of terms of the loss's sum: tokens with a label, or examples. The mean that is trained is taken
     * over all micro-batches of a step together, so a short one counts for less. One of weight 0 is left out.
     */
    double weight();

    /** Returns how many tokens there are, padding not counted; for throughput only. */
    long tokens();
}
