package org.bonepeft.graph;

/**
 * A quantity that grows linearly with the number of tokens T: {@code fixed + perToken * T}.
 *
 * @param fixed the part that does not depend on the tokens
 * @param perToken what each token adds
 */
public record TokenCount(double fixed, double perToken) {
    /** Nothing. */
    public static final TokenCount ZERO = new TokenCount(0, 0);

    /** Returns the value for a number of tokens. */
    public double at(long tokens) {
        return fixed + perToken * tokens;
    }

    /** Returns the sum. */
    public TokenCount plus(TokenCount other) {
        return new TokenCount(fixed + other.fixed, perToken + other.perToken);
    }

    /** Returns a multiple. */
    public TokenCount times(double factor) {
        return new TokenCount(fixed * factor, perToken * factor);
    }
}
