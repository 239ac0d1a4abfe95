package org.bonepeft.examples.glue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.OptionalDouble;
import org.bonepeft.djl.train.TrainingConfig;
import org.junit.jupiter.api.Test;

class TrainSettingsTest {
    private static TrainSettings settings(double epochs, int maxSteps, OptionalDouble peak) {
        return new TrainSettings(epochs, maxSteps, 32, peak, 0.01, 1);
    }

    @Test
    void steps_areThoseOfTheEpochsUpToTheLimit() {
        assertThat(settings(3, 1500, OptionalDouble.empty()).steps(100)).isEqualTo(10);
        assertThat(settings(0.01, 1500, OptionalDouble.empty()).steps(100)).isEqualTo(1);
        assertThat(settings(3, 1500, OptionalDouble.empty()).steps(67_349)).isEqualTo(1500);
        assertThat(settings(3, 1500, OptionalDouble.empty()).wantedSteps(67_349))
                .isEqualTo(6314);
    }

    @Test
    void learningRate_isTheMethodsOwnUnlessGiven() {
        assertThat(settings(3, 1500, OptionalDouble.empty()).learningRate(Method.BONE))
                .isEqualTo(Method.BONE.learningRate());
        assertThat(settings(3, 1500, OptionalDouble.of(0.5)).learningRate(Method.BONE))
                .isEqualTo(0.5);
    }

    @Test
    void config_warmsUpAndFallsToZero() {
        TrainingConfig config = settings(3, 100, OptionalDouble.empty()).config(10_000, 0.5);
        assertThat(config.steps()).isEqualTo(100);
        assertThat(config.learningRate()).isEqualTo(0.5);
        assertThat(config.schedule().at(0, 100)).isCloseTo(1.0 / 6, within(1e-12));
        assertThat(config.schedule().at(5, 100)).isEqualTo(1);
        assertThat(config.schedule().at(6, 100)).isEqualTo(1);
        assertThat(config.schedule().at(53, 100)).isEqualTo(0.5);
        assertThat(config.schedule().at(99, 100)).isCloseTo(1.0 / 94, within(1e-12));
    }
}
