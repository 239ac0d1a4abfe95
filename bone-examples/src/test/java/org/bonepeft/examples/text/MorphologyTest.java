package org.bonepeft.examples.text;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MorphologyTest {
    @ParameterizedTest
    @CsvSource({
        "watch, watches, watched, watching",
        "carry, carries, carried, carrying",
        "annoy, annoys, annoyed, annoying",
        "grab, grabs, grabbed, grabbing",
        "visit, visits, visited, visiting",
        "quiz, quizes, quized, quizing",
        "die, dies, died, dying",
        "bake, bakes, baked, baking",
        "agree, agrees, agreed, agreeing"
    })
    void verb_isInflectedBySpelling(String base, String third, String past, String gerund) {
        assertThat(Morphology.third(base)).isEqualTo(third);
        assertThat(Morphology.past(base)).isEqualTo(past);
        assertThat(Morphology.gerund(base)).isEqualTo(gerund);
    }

    @ParameterizedTest
    @CsvSource({
        "apple, an",
        "dog, a",
        "uniform, a",
        "honest, an",
        "uncle, an",
        "unimaginative, an",
        "Indian, an",
        "one, a",
        "hotel, a"
    })
    void article_followsTheSound(String next, String article) {
        assertThat(Morphology.article(next)).isEqualTo(article);
    }
}
