package org.bonepeft.djl.train;

import java.util.Map;

/**
 * How good the model was after a step.
 *
 * @param step from 1
 * @param metrics by name
 * @param best whether it was the best so far
 */
public record Evaluation(int step, Map<String, Double> metrics, boolean best) {}
