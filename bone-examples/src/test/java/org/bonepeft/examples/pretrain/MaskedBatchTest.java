package org.bonepeft.examples.pretrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MaskedBatchTest {
    private static final int VOCABULARY = 1000;
    private static final int MASK = VOCABULARY - 1;

    private final NDManager manager = NDManager.newBaseManager("PyTorch");

    @AfterEach
    void close() {
        manager.close();
    }

    @Test
    void chosenTokens_areHiddenReplacedOrKept() {
        long[] row = new Random(1).longs(50_000, 4, MASK).toArray();
        MaskedBatch batch = MaskedBatch.of(List.of(row), VOCABULARY, new Random(2));
        long[] ids = batch.inputs(manager).get(0).toLongArray();
        long[] positions = batch.positions(manager).toLongArray();
        double chosen = batch.chosen();
        long hidden = Arrays.stream(ids).filter(id -> id == MASK).count();
        long kept = Arrays.stream(positions)
                .filter(at -> ids[(int) at] == row[(int) at])
                .count();
        assertThat(chosen / row.length).isCloseTo(0.15, within(0.01));
        assertThat(hidden / chosen).isCloseTo(0.8, within(0.02));
        assertThat(kept / chosen).isCloseTo(0.1, within(0.02));
        assertThat(batch.labels(manager).toLongArray())
                .isEqualTo(Arrays.stream(positions).map(at -> row[(int) at]).toArray());
    }

    @Test
    void specialTokensAndPadding_areNeverChosen() {
        List<long[]> rows = List.of(new long[] {0, 5, 6, 2}, new long[] {0, 7, 2});
        for (int seed = 0; seed < 100; seed++) {
            MaskedBatch batch = MaskedBatch.of(rows, VOCABULARY, new Random(seed));
            assertThat(batch.positions(manager).toLongArray()).doesNotContain(0, 3, 4, 6, 7);
            assertThat(batch.inputs(manager).get(0).get("1, 3").getLong()).isOne();
            assertThat(batch.inputs(manager).get(1).toLongArray()).containsExactly(1, 1, 1, 1, 1, 1, 1, 0);
            assertThat(batch.tokens()).isEqualTo(7);
        }
    }
}
