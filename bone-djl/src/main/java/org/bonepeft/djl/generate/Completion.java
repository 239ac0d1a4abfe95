package org.bonepeft.djl.generate;

import java.util.List;

/**
 * What was generated after one prompt.
 *
 * @param tokens the new tokens, without a stop token
 * @param text their text up to a stop string; empty if there is no decoder
 * @param end why there are no more
 */
public record Completion(List<Long> tokens, String text, End end) {
    /** Copies the list. */
    public Completion {
        tokens = List.copyOf(tokens);
    }

    /** Why a sequence ended. */
    public enum End {
        /** A stop token came. */
        STOP_TOKEN,
        /** A stop string came. */
        STOP_STRING,
        /** There are as many tokens as were asked for. */
        LENGTH,
        /** The model has no more positions. */
        CONTEXT,
        /** The listener said so. */
        LISTENER
    }
}
