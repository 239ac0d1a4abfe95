package org.bonepeft.examples.glue;

import java.util.List;

/**
 * What came of one method.
 *
 * @param trainable elements that were trained
 * @param total elements of the model, adapters included
 * @param before the scores before training, in the order of {@link EncodedData#scoreTitles}
 * @param after the scores after training
 * @param losses the loss of each step
 * @param seconds of training, evaluation not counted
 * @param tokens trained on, padding not counted
 */
record GlueResult(
        String title,
        long trainable,
        long total,
        List<Double> before,
        List<Double> after,
        List<Double> losses,
        double seconds,
        long tokens) {}
