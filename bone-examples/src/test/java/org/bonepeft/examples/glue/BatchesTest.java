package org.bonepeft.examples.glue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BatchesTest {
    private final int[] lengths = new Random(1).ints(1003, 1, 41).toArray();

    @Test
    void shuffled_holdsEveryRowOnce() {
        List<int[]> batches = Batches.shuffled(lengths, 16, 3);
        assertThat(batches).hasSize(63);
        assertThat(batches.stream().flatMapToInt(Arrays::stream).sorted())
                .containsExactly(IntStream.range(0, lengths.length).boxed().toArray(Integer[]::new));
    }

    @Test
    void shuffled_dependsOnTheSeedAlone() {
        assertThat(Batches.shuffled(lengths, 16, 3).toArray(int[][]::new))
                .isDeepEqualTo(Batches.shuffled(lengths, 16, 3).toArray(int[][]::new));
        assertThat(Batches.shuffled(lengths, 16, 4).get(0))
                .isNotEqualTo(Batches.shuffled(lengths, 16, 3).get(0));
    }

    @Test
    void shuffled_padsLittle() {
        long padding = 0;
        for (int[] batch : Batches.shuffled(lengths, 16, 3)) {
            int width = Arrays.stream(batch).map(row -> lengths[row]).max().orElseThrow();
            padding += Arrays.stream(batch).map(row -> width - lengths[row]).sum();
        }
        long tokens = Arrays.stream(lengths).sum();
        assertThat((double) padding / tokens).isLessThan(0.05);
    }

    @Test
    void byLength_isSorted() {
        int[] order = Batches.byLength(lengths, 10).stream()
                .flatMapToInt(Arrays::stream)
                .map(row -> lengths[row])
                .toArray();
        assertThat(order).isSorted();
    }
}
