package org.bonepeft.djl.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.ParameterStore;
import java.util.List;

/** A model that tells the next token of a sequence. */
public interface CausalLm {
    /** Returns how many tokens the model knows. */
    int vocabSize();

    /** Returns the length of the longest sequence, {@link Integer#MAX_VALUE} if there is no limit. */
    int maxPositions();

    /**
     * {@code -mean(log softmax(logits_t)[label_(t+1)])} over the tokens t + 1 whose label is not {@link
     * CrossEntropyLoss#IGNORED}; NaN if there are none.
     *
     * @param inputs as the model's own forward takes them: ids [batch, tokens], optionally the attention mask, ..
     * @param labels [batch, tokens], INT64; the label of a token is the token itself, not the next one
     * @return a float32 scalar on the manager of the ids
     */
    NDArray loss(ParameterStore store, NDList inputs, NDArray labels, boolean training);

    /**
     * Starts sequences that grow token by token, without gradients.
     *
     * @param maxTokens how long the longest may become
     */
    Session start(int maxTokens);

    /** A batch of growing sequences, and what the model remembers of them. Not for several threads at once. */
    interface Session extends AutoCloseable {
        /**
         * Appends tokens to each sequence, as many as there are for it.
         *
         * @param tokens for each sequence, at least one; the same number of sequences in every call
         * @return for each sequence the logits of what follows, [vocabulary]
         */
        float[][] append(List<long[]> tokens);

        /** Goes on with some of the sequences only, in this order, by their present indices. */
        void keep(int[] sequences);

        @Override
        void close();
    }
}
