package org.bonepeft.djl.model.llama;

import org.bonepeft.BoneException;

/** How the frequencies of the rotary positions are changed so that a model can see further than it was trained. */
public sealed interface RopeScaling {
    /** Returns the frequency to use instead of {@code frequency}, in radians per position. */
    double scale(double frequency);

    /** No change. */
    record None() implements RopeScaling {
        @Override
        public double scale(double frequency) {
            return frequency;
        }
    }

    /**
     * {@code f / factor}: positions move together (Chen et al. 2023).
     *
     * @param factor {@code factor}, 1 or more
     */
    record Linear(double factor) implements RopeScaling {
        /** Checks the factor. */
        public Linear {
            atLeastOne(factor);
        }

        @Override
        public double scale(double frequency) {
            return frequency / factor;
        }
    }

    /**
     * LLaMA 3.1's rule: with {@code n = originalPositions f / (2 pi)} turns in the original context, f as it is from
     * {@code n >= high} on, {@code f / factor} up to {@code n <= low}, and in between a linear mixture of the two.
     *
     * @param factor {@code factor}, 1 or more
     * @param low {@code low_freq_factor}
     * @param high {@code high_freq_factor}, more than low
     * @param originalPositions {@code original_max_position_embeddings}
     */
    record Llama3(double factor, double low, double high, int originalPositions) implements RopeScaling {
        /** Checks the numbers. */
        public Llama3 {
            atLeastOne(factor);
            if (!(low > 0 && high > low) || originalPositions < 1) {
                throw new BoneException("low_freq_factor " + low + ", high_freq_factor " + high
                        + " and original_max_position_embeddings " + originalPositions
                        + " do not fit; expected 0 < low < high and 1 position or more");
            }
        }

        @Override
        public double scale(double frequency) {
            double turns = originalPositions * frequency / (2 * Math.PI);
            double kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
            return kept * frequency + (1 - kept) * frequency / factor;
        }
    }

    private static void atLeastOne(double factor) {
        if (!(factor >= 1) || Double.isInfinite(factor)) {
            throw new BoneException("factor of the rotary positions is " + factor + ", expected 1 or more");
        }
    }
}
