package org.bonepeft.djl.generate;

/** Is told of each token as it comes. */
@FunctionalInterface
public interface TokenListener {
    /**
     * A sequence has a new token.
     *
     * @param sequence the index of the prompt
     * @param token the token, never a stop token
     * @return whether the sequence goes on
     */
    boolean token(int sequence, long token);
}
