package org.bonepeft.djl.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CrossEntropyLossTest {
    private final NDManager manager = NDManager.newBaseManager();

    /** The probabilities are 1/4, 3/4 and 2/5, 3/5. */
    private final NDArray logits =
            manager.create(new float[][] {{0, (float) Math.log(3)}, {(float) Math.log(2), (float) Math.log(3)}});

    @AfterEach
    void close() {
        manager.close();
    }

    @Test
    void evaluate_allLabelled_isTheMean() {
        NDArray loss =
                new CrossEntropyLoss().evaluate(new NDList(manager.create(new long[] {1, 0})), new NDList(logits));
        assertThat(loss.getFloat()).isCloseTo((float) -(Math.log(0.75) + Math.log(0.4)) / 2, within(1e-6f));
    }

    @Test
    void of_ignoredLabel_countsNeitherInSumNorMeanNorGradient() {
        logits.setRequiresGradient(true);
        try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
            NDArray loss = CrossEntropyLoss.of(logits, manager.create(new long[] {CrossEntropyLoss.IGNORED, 0}));
            collector.backward(loss);
            assertThat(loss.getFloat()).isCloseTo((float) -Math.log(0.4), within(1e-6f));
        }
        assertThat(logits.getGradient().toFloatArray())
                .usingComparatorWithPrecision(1e-6f)
                .containsExactly(0, 0, -0.6f, 0.6f);
    }

    @Test
    void of_noLabelAtAll_isZero() {
        long ignored = CrossEntropyLoss.IGNORED;
        assertThat(CrossEntropyLoss.of(logits, manager.create(new long[] {ignored, ignored}))
                        .getFloat())
                .isZero();
    }

    @Test
    void of_moreDimensions_equalsFlat() {
        NDArray labels = manager.create(new long[] {1, 1});
        float flat = CrossEntropyLoss.of(logits, labels).getFloat();
        assertThat(CrossEntropyLoss.of(logits.reshape(1, 2, 2), labels.reshape(1, 2))
                        .getFloat())
                .isEqualTo(flat);
    }
}
