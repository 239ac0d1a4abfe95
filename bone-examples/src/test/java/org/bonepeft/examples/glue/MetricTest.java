package org.bonepeft.examples.glue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/** Expected values: scikit-learn's matthews_corrcoef, accuracy_score and f1_score on the same arrays. */
class MetricTest {
    private static final int[] GOLD = {1, 1, 1, 1, 1, 1, 0, 0, 0, 0};
    private static final int[] PREDICTED = {1, 1, 1, 1, 0, 0, 0, 0, 0, 1};

    @Test
    void of_mixedPredictions_isSklearns() {
        // TP 4, FN 2, FP 1, TN 3: (12 - 2) / sqrt(5 * 6 * 4 * 5) = 10 / sqrt(600)
        assertThat(Metric.MATTHEWS.of(GOLD, PREDICTED)).isCloseTo(0.408248290463863, within(1e-15));
        assertThat(Metric.ACCURACY.of(GOLD, PREDICTED)).isEqualTo(0.7);
        assertThat(Metric.F1.of(GOLD, PREDICTED)).isCloseTo(0.727272727272727, within(1e-14));
    }

    @Test
    void of_allRight_isOne() {
        for (Metric metric : Metric.values()) {
            assertThat(metric.of(GOLD, GOLD)).as(metric.title()).isEqualTo(1);
        }
    }

    @Test
    void of_constantPrediction_isZeroForMatthewsAndForF1WithoutPositives() {
        int[] none = new int[GOLD.length];
        assertThat(Metric.MATTHEWS.of(GOLD, none)).isZero();
        assertThat(Metric.F1.of(GOLD, none)).isZero();
        assertThat(Metric.ACCURACY.of(GOLD, none)).isEqualTo(0.4);
    }

    @Test
    void matthews_allWrong_isMinusOne() {
        assertThat(Metric.MATTHEWS.of(new int[] {0, 1, 1}, new int[] {1, 0, 0})).isEqualTo(-1);
    }

    @Test
    void matthews_manyRows_doesNotOverflow() {
        int[] gold = new int[200_000];
        int[] predicted = new int[200_000];
        for (int i = 0; i < gold.length; i++) {
            gold[i] = i % 2;
            predicted[i] = i % 4 == 0 ? 1 : i % 2;
        }
        // TP 100000, FN 0, FP 50000, TN 50000: 5e9 / sqrt(150000 * 100000 * 100000 * 50000)
        assertThat(Metric.MATTHEWS.of(gold, predicted)).isCloseTo(0.577350269189626, within(1e-14));
    }

    @Test
    void accuracy_threeClasses_countsEqualOnes() {
        assertThat(Metric.ACCURACY.of(new int[] {0, 1, 2, 2}, new int[] {0, 2, 2, 1}))
                .isEqualTo(0.5);
    }
}
