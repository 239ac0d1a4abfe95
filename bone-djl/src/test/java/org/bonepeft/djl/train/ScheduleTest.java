package org.bonepeft.djl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.IntStream;
import org.bonepeft.BoneException;
import org.junit.jupiter.api.Test;

class ScheduleTest {
    private static double[] shares(Schedule schedule, int steps) {
        return IntStream.range(0, steps)
                .mapToDouble(step -> schedule.at(step, steps))
                .toArray();
    }

    @Test
    void constant_isThePeakAfterWarmUp() {
        assertThat(shares(Schedule.constant(), 3)).containsExactly(1, 1, 1);
        assertThat(shares(Schedule.constant().withWarmUp(2), 4)).containsExactly(0.5, 1, 1, 1);
    }

    @Test
    void linear_fallsToZeroAfterTheLastStep() {
        assertThat(shares(Schedule.linear(), 4)).containsExactly(1, 0.75, 0.5, 0.25);
        assertThat(shares(Schedule.linear().withWarmUp(0.25), 5))
                .containsExactly(new double[] {0.5, 1, 1, 2.0 / 3, 1.0 / 3}, within(1e-12));
    }

    @Test
    void cosine_restartsAtThePeak() {
        double[] once = shares(Schedule.cosine(), 4);
        assertThat(once).containsExactly(new double[] {1, 0.853553390593, 0.5, 0.146446609407}, within(1e-10));
        double[] twice = shares(Schedule.cosine(2), 8);
        for (int i = 0; i < 8; i++) {
            assertThat(twice[i]).isEqualTo(once[i % 4], within(1e-12));
        }
    }

    @Test
    void nonsense_isRefused() {
        assertThatThrownBy(() -> Schedule.linear().withWarmUp(1.5))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("share from 0 to 1");
        assertThatThrownBy(() -> new Schedule(Schedule.Decay.LINEAR, 2, 0, 0)).hasMessageContaining("restarts");
    }
}
