package org.bonepeft.djl.train;

/**
 * What a step did.
 *
 * @param step from 1
 * @param steps of the whole run
 * @param epoch passes over the data so far, with a fraction
 * @param loss the mean over all terms of the step, before the update; not finite if that ended or skipped the step
 * @param gradientNorm of all gradients together, before clipping
 * @param learningRate that the update was made with
 * @param tokens that went in, padding not counted
 * @param seconds the step took, data included
 * @param updated whether the parameters were changed
 */
public record TrainingStep(
        int step,
        int steps,
        double epoch,
        double loss,
        double gradientNorm,
        double learningRate,
        long tokens,
        double seconds,
        boolean updated) {}
