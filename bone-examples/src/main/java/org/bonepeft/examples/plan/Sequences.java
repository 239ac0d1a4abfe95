package org.bonepeft.examples.plan;

import org.bonepeft.BoneException;

/**
 * The sequences of a training step.
 *
 * @param tokens of all of them, without padding
 * @param length tokens of each
 */
public record Sequences(long tokens, long length) {
    /**
     * Checks the numbers.
     *
     * @throws BoneException if there is no token, or less than one sequence
     */
    public Sequences {
        if (tokens < 1 || length < 1 || length > tokens) {
            throw new BoneException(tokens + " tokens in sequences of " + length
                    + ": a step has one token or more, and a sequence no more" + " than the step");
        }
    }
}
