package org.bonepeft.djl.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.bonepeft.BoneException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SamplerTest {
    /** Logarithms of the probabilities 0.1, 0.5, 0.15, 0.25. */
    private static final double[] PROBABILITIES = {0.1, 0.5, 0.15, 0.25};

    private static float[] logits() {
        float[] logits = new float[PROBABILITIES.length];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) Math.log(PROBABILITIES[i]);
        }
        return logits;
    }

    private static double[] frequencies(GenerationConfig.Builder config) {
        Sampler sampler = new Sampler(config.setMaxNewTokens(1).build());
        SplittableRandom random = new SplittableRandom(3);
        double[] counts = new double[PROBABILITIES.length];
        int draws = 20_000;
        for (int i = 0; i < draws; i++) {
            counts[sampler.next(logits(), new BitSet(), random)] += 1.0 / draws;
        }
        return counts;
    }

    private static void assertClose(double[] actual, double... expected) {
        for (int i = 0; i < expected.length; i++) {
            // Five standard deviations of 20,000 draws.
            assertThat(actual[i]).as("token " + i).isCloseTo(expected[i], org.assertj.core.data.Offset.offset(0.018));
            assertThat(actual[i] == 0).as("token " + i).isEqualTo(expected[i] == 0);
        }
    }

    @Test
    void temperatureOne_drawsByTheProbabilities() {
        assertClose(frequencies(GenerationConfig.builder().optTemperature(1)), PROBABILITIES);
    }

    @Test
    void temperature_isTheInverseExponentOfProbabilities() {
        assertClose(
                frequencies(GenerationConfig.builder().optTemperature(0.5)),
                0.01 / 0.345,
                0.25 / 0.345,
                0.0225 / 0.345,
                0.0625 / 0.345);
    }

    @Test
    void topK_leavesTheMostLikely() {
        assertClose(
                frequencies(GenerationConfig.builder().optTemperature(1).optTopK(2)), 0, 0.5 / 0.75, 0, 0.25 / 0.75);
    }

    @Test
    void topK_leavesWhatEqualsTheLast() {
        Sampler sampler = new Sampler(GenerationConfig.builder()
                .setMaxNewTokens(1)
                .optTemperature(1)
                .optTopK(1)
                .build());
        SplittableRandom random = new SplittableRandom(5);
        assertThat(Stream.generate(() -> sampler.next(new float[] {1, 2, 0, 2}, new BitSet(), random))
                        .limit(50)
                        .distinct())
                .containsExactlyInAnyOrder(1, 3);
    }

    @ParameterizedTest
    @CsvSource({"0.4, 1", "0.6, 2", "0.74, 2", "0.76, 3", "0.95, 4"})
    void topP_leavesTheFewestWithThatProbability(double topP, int left) {
        double[] frequencies =
                frequencies(GenerationConfig.builder().optTemperature(1).optTopP(topP));
        double[] all = {0.1, 0.5, left > 2 ? 0.15 : 0, left > 1 ? 0.25 : 0};
        all[0] = left > 3 ? 0.1 : 0;
        double sum = all[0] + all[1] + all[2] + all[3];
        assertClose(frequencies, all[0] / sum, all[1] / sum, all[2] / sum, all[3] / sum);
    }

    @Test
    void topP_countsAfterTopK() {
        // Of 2/3 and 1/3 the first alone has 0.6.
        assertClose(
                frequencies(
                        GenerationConfig.builder().optTemperature(1).optTopK(2).optTopP(0.6)),
                0,
                1,
                0,
                0);
    }

    @Test
    void greedy_takesTheFirstOfTheMostLikely() {
        Sampler greedy =
                new Sampler(GenerationConfig.builder().setMaxNewTokens(1).build());
        assertThat(greedy.next(new float[] {-1, 2, 2, Float.NEGATIVE_INFINITY}, new BitSet(), new SplittableRandom(1)))
                .isEqualTo(1);
    }

    @Test
    void repetitionPenalty_makesWhatOccurredLessLikelyOnBothSidesOfZero() {
        Sampler sampler = new Sampler(GenerationConfig.builder()
                .setMaxNewTokens(1)
                .optRepetitionPenalty(2)
                .build());
        BitSet occurred = new BitSet();
        occurred.set(0);
        assertThat(sampler.next(new float[] {3, 1.6f}, occurred, new SplittableRandom(1)))
                .isEqualTo(1);
        assertThat(sampler.next(new float[] {3, 1.4f}, occurred, new SplittableRandom(1)))
                .isZero();
        assertThat(sampler.next(new float[] {-1, -1.9f}, occurred, new SplittableRandom(1)))
                .isEqualTo(1);
        assertThat(sampler.next(new float[] {-1, -2.1f}, occurred, new SplittableRandom(1)))
                .isZero();
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
    void brokenLogits_areRefused(float broken) {
        Sampler sampler =
                new Sampler(GenerationConfig.builder().setMaxNewTokens(1).build());
        assertThatThrownBy(() -> sampler.next(new float[] {1, broken}, new BitSet(), new SplittableRandom(1)))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("the logit of token 1 is " + broken);
    }

    @Test
    void configsThatDoNotFit_nameTheValue() {
        assertThatThrownBy(() -> GenerationConfig.builder().build()).hasMessageContaining("maxNewTokens is 0");
        GenerationConfig.Builder one = GenerationConfig.builder().setMaxNewTokens(1);
        assertThatThrownBy(() -> one.optTopP(0).build()).hasMessageContaining("topP is 0.0, expected more than 0");
        assertThatThrownBy(() -> one.optTopP(1).optTemperature(-1).build()).hasMessageContaining("temperature is -1.0");
        assertThatThrownBy(
                        () -> one.optTemperature(0).optStopStrings(List.of("x")).build())
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("a decoder");
    }
}
