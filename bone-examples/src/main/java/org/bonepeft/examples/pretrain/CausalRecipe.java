package org.bonepeft.examples.pretrain;

import org.bonepeft.djl.train.AdamWConfig;
import org.bonepeft.djl.train.Schedule;
import org.bonepeft.djl.train.TrainingConfig;

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
        return new CausalRecipe(1200, 5_000, 2800, 4, 256, 3e-3, 0.01, seed);
    }

    /** Returns a recipe for a model that is good for nothing, in seconds. */
    static CausalRecipe quick(long seed) {
        return new CausalRecipe(1200, 2_000, 20, 2, 128, 3e-3, 0.01, seed);
    }

    CausalRecipe withSteps(int other) {
        return new CausalRecipe(merges, tokenizerDocuments, other, rows, rowTokens, learningRate, weightDecay, seed);
    }

    /** AdamW without decay of vectors, gradients clipped to the norm 1, the rate up over a twentieth of the steps. */
    TrainingConfig training() {
        return TrainingConfig.builder()
                .setBatchSize(1)
                .setSteps(steps)
                .setLearningRate(learningRate)
                .optSchedule(Schedule.linear().withWarmUp(Math.max(1, steps / 20)))
                .optOptimizer(AdamWConfig.defaults().withBetas(0.9, 0.98).withWeightDecay(weightDecay, false))
                .optSeed(seed)
                .build();
    }
}
