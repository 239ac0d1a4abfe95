package org.bonepeft.examples.pretrain;

import org.bonepeft.djl.model.roberta.RobertaConfig;
import org.bonepeft.djl.train.AdamWConfig;
import org.bonepeft.djl.train.Schedule;
import org.bonepeft.djl.train.TrainingConfig;

/**
 * How large the model is and how it is trained.
 *
 * @param merges of the tokenizer
 * @param tokenizerLines lines of text the tokenizer is trained on
 * @param batchTokens tokens per step, padding included
 * @param maximumTokens the longest sequence the model takes
 * @param learningRate its peak
 */
record Recipe(
        int merges,
        int tokenizerLines,
        int hidden,
        int layers,
        int heads,
        int maximumTokens,
        int steps,
        int batchTokens,
        double learningRate,
        double weightDecay,
        long seed) {
    /** The recipe of the model that comes with the project. */
    static Recipe full(long seed) {
        return new Recipe(3500, 60_000, 128, 4, 4, 128, 3000, 1536, 2e-3, 0.01, seed);
    }

    /** A model that is good for nothing, in seconds, to see the whole way work. */
    static Recipe quick(long seed) {
        return new Recipe(500, 3_000, 32, 2, 2, 128, 40, 512, 5e-3, 0.01, seed);
    }

    Recipe withSteps(int other) {
        return new Recipe(
                merges,
                tokenizerLines,
                hidden,
                layers,
                heads,
                maximumTokens,
                other,
                batchTokens,
                learningRate,
                weightDecay,
                seed);
    }

    RobertaConfig config(int vocabulary) {
        return RobertaConfig.builder()
                .setVocabSize(vocabulary)
                .setHiddenSize(hidden)
                .setLayers(layers)
                .setHeads(heads)
                .setIntermediateSize(4 * hidden)
                .optMaxPositions(maximumTokens + 2)
                .optTokenIds(0, 1, 2)
                .build();
    }

    /** AdamW without decay of vectors, gradients clipped to the norm 1, the rate up over a twentieth of the steps. */
    TrainingConfig training() {
        return TrainingConfig.builder()
                .setBatchSize(1)
                .setSteps(steps)
                .setLearningRate(learningRate)
                .optSchedule(Schedule.linear().withWarmUp(Math.max(1, steps / 20)))
                .optOptimizer(AdamWConfig.defaults()
                        .withBetas(0.9, 0.98)
                        .withEps(1e-6)
                        .withWeightDecay(weightDecay, false))
                .optSeed(seed)
                .build();
    }
}
