package org.bonepeft.examples.pretrain;

/**
 * How a model that tells the next token is trained.
 *
 * @param merges of the tokenizer, at most
 * @param tokenizerDocuments documents the tokenizer is trained on
 * @param rows sequences of a step
 * @param rowTokens tokens of a sequence, which may hold several documents
 * @param learningRate its peak
 */
public record CausalRecipe(
        int merges,
        int tokenizerDocuments,
        int steps,
        int rows,
        int rowTokens,
        double learningRate,
        double weightDecay,
        long seed) {
    /** Returns the recipe of the models that come with the project. */
    static CausalRecipe full(long seed) {
        return new CausalRecipe(1200, 5_000, 3200, 4, 256, 3e-3, 0.01, seed);
    }

    /** Returns a recipe for a model that is good for nothing, in seconds. */
    static CausalRecipe quick(long seed) {
        return new CausalRecipe(1200, 2_000, 20, 2, 128, 3e-3, 0.01, seed);
    }

    CausalRecipe withSteps(int other) {
        return new CausalRecipe(merges, tokenizerDocuments, other, rows, rowTokens, learningRate, weightDecay, seed);
    }

    /** The share of the peak learning rate at a step from 0: up over a twentieth of the steps, then down to zero. */
    double schedule(int step) {
        int warmUp = Math.max(1, steps / 20);
        return step < warmUp ? (step + 1.0) / warmUp : (double) (steps - step) / (steps - warmUp);
    }
}
