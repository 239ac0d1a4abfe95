package org.bonepeft.djl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bonepeft.BoneException;
import org.junit.jupiter.api.Test;

class BatchOrderTest {
    private static final int[] LENGTHS =
            IntStream.range(0, 100).map(i -> (i * 37) % 100).toArray();

    private static int[] all(List<int[]> batches) {
        return batches.stream().flatMapToInt(Arrays::stream).toArray();
    }

    @Test
    void everyOrder_hasEveryExampleOnce() {
        for (BatchOrder order : List.of(BatchOrder.shuffled(), BatchOrder.sequential(), BatchOrder.byLength(LENGTHS))) {
            List<int[]> batches = order.batches(100, 8, 3, 1);
            assertThat(batches).hasSize(13);
            assertThat(Arrays.stream(all(batches)).sorted().toArray())
                    .isEqualTo(IntStream.range(0, 100).toArray());
        }
    }

    @Test
    void shuffled_dependsOnSeedAndEpochAlone() {
        BatchOrder order = BatchOrder.shuffled();
        int[] first = all(order.batches(100, 8, 3, 0));
        assertThat(all(order.batches(100, 8, 3, 0))).isEqualTo(first);
        assertThat(all(order.batches(100, 4, 3, 0))).isEqualTo(first);
        assertThat(all(order.batches(100, 8, 3, 1))).isNotEqualTo(first);
        assertThat(all(order.batches(100, 8, 4, 0))).isNotEqualTo(first);
    }

    @Test
    void byLength_needsALengthForEachExample() {
        assertThatThrownBy(() -> BatchOrder.byLength(new int[] {1, 2}).batches(3, 2, 1, 0))
                .isInstanceOf(BoneException.class)
                .hasMessage("2 lengths for 3 examples; give each example one");
    }

    @Test
    void byLength_putsNeighboursTogether() {
        for (int[] batch : BatchOrder.byLength(LENGTHS).batches(100, 10, 3, 0)) {
            int[] lengths = Arrays.stream(batch).map(i -> LENGTHS[i]).toArray();
            assertThat(Arrays.stream(lengths).max().orElseThrow()
                            - Arrays.stream(lengths).min().orElseThrow())
                    .isEqualTo(9);
        }
    }

    @Test
    void stepOrder_startsAnywhere() {
        TrainingConfig config = TrainingConfig.builder()
                .setBatchSize(3)
                .setEpochs(2.5)
                .setLearningRate(1)
                .build();
        int steps = config.totalSteps(10, BatchOrder.shuffled());
        assertThat(steps).isEqualTo(10);
        List<StepOrder.Step> whole = list(new StepOrder(BatchOrder.shuffled(), config, 10, steps, 0));
        assertThat(whole).hasSize(10);
        assertThat(whole.get(3).epoch()).isEqualTo(1);
        assertThat(whole.get(9).epoch()).isEqualTo(2.5);
        for (int start = 0; start <= 10; start++) {
            List<StepOrder.Step> rest = list(new StepOrder(BatchOrder.shuffled(), config, 10, steps, start));
            assertThat(rest).usingRecursiveComparison().isEqualTo(whole.subList(start, 10));
        }
    }

    private static List<StepOrder.Step> list(StepOrder order) {
        List<StepOrder.Step> steps = new ArrayList<>();
        order.forEachRemaining(steps::add);
        return steps;
    }
}
