package org.bonepeft.djl.model.llama;

import org.bonepeft.BoneException;

/**
 * How the frequencies of the rotary positions are changed so that a model can see further than it was trained. Rounded
 * step by step as in Hugging Face transformers: thousands of positions later the last bit of a frequency is an angle.
 */
public sealed interface RopeScaling {
    /** Returns the frequency to use instead of {@code frequency}, in radians per position. */
    float scale(float frequency);

    /** No change. */
    record None() implements RopeScaling {
        @Override
        public float scale(float frequency) {
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
        public float scale(float frequency) {
            return frequency / (float) factor;
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
        public float scale(float frequency) {
            float wavelength = 1 / frequency * (float) (2 * Math.PI);
            if (wavelength > (float) (originalPositions / low)) {
                return frequency / (float) factor;
            }
            if (wavelength < (float) (originalPositions / high)) {
                return frequency;
            }
            float kept = (1 / wavelength * originalPositions - (float) low) / (float) (high - low);
            return (1 - kept) * frequency / (float) factor + kept * frequency;
        }
    }

    private static void atLeastOne(double factor) {
        if (!(factor >= 1) || Double.isInfinite(factor)) {
            throw new BoneException("factor of the rotary positions is " + factor + ", expected 1 or more");
        }
    }
}
