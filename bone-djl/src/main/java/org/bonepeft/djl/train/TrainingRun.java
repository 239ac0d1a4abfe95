package org.bonepeft.djl.train;

/**
 * What a listener learns at the start.
 *
 * @param config how to train
 * @param examples the size of the data
 * @param steps of the whole run
 * @param startStep steps that were taken before, in a run that goes on
 * @param trainable elements that are trained
 */
public record TrainingRun(TrainingConfig config, int examples, int steps, int startStep, long trainable) {}
