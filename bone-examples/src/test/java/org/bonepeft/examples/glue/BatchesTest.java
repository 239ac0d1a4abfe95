package org.bonepeft.examples.glue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BatchesTest {
    private final long[][] rows = rows(1003, 40);

    private static long[][] rows(int count, int longest) {
        Random random = new Random(1);
        long[][] rows = new long[count][];
        Arrays.setAll(rows, i -> new long[1 + random.nextInt(longest)]);
        return rows;
    }

    @Test
    void shuffled_holdsEveryRowOnce() {
        List<int[]> batches = Batches.shuffled(rows, 16, 3);
        assertThat(batches).hasSize(63);
        assertThat(batches.stream().flatMapToInt(Arrays::stream).sorted())
                .containsExactly(IntStream.range(0, rows.length).boxed().toArray(Integer[]::new));
    }

    @Test
    void shuffled_dependsOnTheSeedAlone() {
        assertThat(Batches.shuffled(rows, 16, 3).toArray(int[][]::new))
                .isDeepEqualTo(Batches.shuffled(rows, 16, 3).toArray(int[][]::new));
        assertThat(Batches.shuffled(rows, 16, 4).get(0))
                .isNotEqualTo(Batches.shuffled(rows, 16, 3).get(0));
    }

    @Test
    void shuffled_padsLittle() {
        long padding = 0;
        for (int[] batch : Batches.shuffled(rows, 16, 3)) {
            long width = Batches.padded(rows, batch, 0)[0].length;
            padding += Arrays.stream(batch)
                    .mapToLong(row -> width - rows[row].length)
                    .sum();
        }
        long tokens = Arrays.stream(rows).mapToLong(row -> row.length).sum();
        assertThat((double) padding / tokens).isLessThan(0.05);
    }

    @Test
    void padded_fillsOnTheRight() {
        long[][] ids = {{7, 8, 9}, {5}, {6, 6}};
        assertThat(Batches.padded(ids, new int[] {1, 2}, 3)).isDeepEqualTo(new long[][] {{5, 3}, {6, 6}});
    }

    @Test
    void byLength_isSorted() {
        int[] lengths = Batches.byLength(rows, 10).stream()
                .flatMapToInt(Arrays::stream)
                .map(row -> rows[row].length)
                .toArray();
        assertThat(lengths).isSorted();
    }
}
