package org.bonepeft.examples.pretrain;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.bonepeft.examples.pretrain.BpeTrainer.Pair;
import org.junit.jupiter.api.Test;

class BpeTrainerTest {
    @Test
    void merges_takeTheMostFrequentPairFirst() {
        BpeTrainer trainer = new BpeTrainer();
        trainer.add("abc abc abd"); // words abc, Ġabc, Ġabd
        assertThat(trainer.merges(10)).extracting(Pair::merged).containsExactly("ab", "abc", "abd", "Ġabc", "Ġabd");
    }

    @Test
    void merges_neverCrossWords() {
        BpeTrainer trainer = new BpeTrainer();
        trainer.add("xy, don't 42");
        List<Pair> merges = trainer.merges(100);
        assertThat(merges)
                .extracting(Pair::merged)
                .contains("xy", "Ġdon", "'t", "Ġ42")
                .doesNotContain("xy,", "Ġdon't");
    }

    @Test
    void aRunOfOneCharacter_isMergedFromTheLeft() {
        BpeTrainer trainer = new BpeTrainer();
        trainer.add("aaaaa");
        assertThat(trainer.merges(10)).containsExactly(new Pair("a", "a"), new Pair("aa", "a"), new Pair("aa", "aaa"));
    }
}
