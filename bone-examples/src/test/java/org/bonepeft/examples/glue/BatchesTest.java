package org.bonepeft.examples.glue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BatchesTest {
    private final int[] lengths = new Random(1).ints(1003, 1, 41).toArray();

    @Test
    void byLength_isSorted() {
        int[] order = Batches.byLength(lengths, 10).stream()
                .flatMapToInt(Arrays::stream)
                .map(row -> lengths[row])
                .toArray();
        assertThat(order).isSorted();
    }
}
