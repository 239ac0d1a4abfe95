package org.bonepeft.djl.generate;

import java.util.Arrays;
import java.util.BitSet;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.bonepeft.BoneException;

/** Chooses one token by its logits; see {@link GenerationConfig}. */
record Sampler(GenerationConfig config) {
    /**
     * Returns a token.
     *
     * @param logits [vocabulary], overwritten
     * @param occurred the tokens of the sequence so far
     */
    int next(float[] logits, BitSet occurred, RandomGenerator random) {
        penalize(logits, occurred);
        int best = best(logits);
        if (config.temperature() == 0) {
            return best;
        }
        int[] candidates = config.topK() > 0 || config.topP() < 1
                ? mostLikely(logits)
                : IntStream.range(0, logits.length).toArray();
        double[] likelihoods = new double[candidates.length];
        double total = 0;
        for (int i = 0; i < candidates.length; i++) {
            likelihoods[i] = Math.exp((logits[candidates[i]] - logits[best]) / config.temperature());
            total += likelihoods[i];
        }
        if (config.topP() < 1) {
            total = cut(likelihoods, config.topP() * total);
        }
        return candidates[draw(likelihoods, random.nextDouble() * total)];
    }

    private void penalize(float[] logits, BitSet occurred) {
        if (config.repetitionPenalty() != 1) {
            float penalty = (float) config.repetitionPenalty();
            occurred.stream()
                    .forEach(token ->
                            logits[token] = logits[token] > 0 ? logits[token] / penalty : logits[token] * penalty);
        }
    }

    private static int best(float[] logits) {
        int best = 0;
        for (int i = 0; i < logits.length; i++) {
            if (!(logits[i] < Float.POSITIVE_INFINITY)) {
                throw new BoneException("the logit of token " + i + " is " + logits[i]
                        + "; the model's weights or adapters are broken, or overflowed");
            }
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    /**
     * The {@code topK} tokens with the largest logits and those that equal the last of them, in descending order, the
     * lower of equals first.
     */
    private int[] mostLikely(float[] logits) {
        int[] sorted = IntStream.range(0, logits.length)
                .mapToLong(i -> ((long) ~ordered(logits[i]) << 32) | i)
                .sorted()
                .mapToInt(key -> (int) key)
                .toArray();
        int count = config.topK() > 0 ? Math.min(config.topK(), sorted.length) : sorted.length;
        while (count < sorted.length && logits[sorted[count]] == logits[sorted[count - 1]]) {
            count++;
        }
        return Arrays.copyOf(sorted, count);
    }

    /** An integer that is ordered like the number. */
    private static int ordered(float value) {
        int bits = Float.floatToIntBits(value);
        return bits ^ ((bits >> 31) & Integer.MAX_VALUE);
    }

    /** Sets to zero all behind the first ones that have the mass together; returns the sum of what is left. */
    private static double cut(double[] likelihoods, double mass) {
        double sum = 0;
        for (int i = 0; i < likelihoods.length; i++) {
            if (sum >= mass) {
                likelihoods[i] = 0;
            }
            sum += likelihoods[i];
        }
        return sum;
    }

    private static int draw(double[] likelihoods, double mark) {
        double sum = 0;
        int last = 0;
        for (int i = 0; i < likelihoods.length; i++) {
            if (likelihoods[i] > 0) {
                last = i;
                sum += likelihoods[i];
                if (mark < sum) {
                    return i;
                }
            }
        }
        // Rounding may leave the mark at the very sum.
        return last;
    }
}
