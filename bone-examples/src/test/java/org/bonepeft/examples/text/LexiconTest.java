package org.bonepeft.examples.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LexiconTest {
    private final Lexicon lexicon = Lexicon.load();

    @Test
    void lemmas_areManyAndWords() {
        assertThat(lexicon.lemmas()).hasSizeGreaterThan(1500).allMatch(word -> word.matches("[A-Za-z-]+"));
    }

    @Test
    void eachClassAndFrame_hasWords() {
        assertThat(Kind.values())
                .allSatisfy(kind -> assertThat(lexicon.nouns(kind)).isNotEmpty());
        assertThat(Frame.values())
                .allSatisfy(frame -> assertThat(lexicon.verbs(frame)).isNotEmpty());
    }

    @Test
    void hypernymsAndSynonyms_areInTheLexicon() {
        for (Kind kind : Kind.values()) {
            for (Noun noun : lexicon.nouns(kind)) {
                Kind above = noun.hypernym().isEmpty()
                        ? kind
                        : lexicon.noun(noun.hypernym()).kind();
                assertThat(above).as(noun.singular()).isIn(kind, Kind.THING);
            }
        }
        for (String pair : WordFile.read("synonyms.txt").get(0).entries()) {
            assertThat(lexicon.lemmas()).contains(pair.split("~", -1));
        }
    }

    @Test
    void halves_shareNoNoun() {
        for (Kind kind : Kind.values()) {
            Set<Noun> shared = new HashSet<>(Lexicon.half(0).nouns(kind));
            shared.retainAll(Lexicon.half(1).nouns(kind));
            assertThat(shared).as(kind.name()).hasSizeLessThan(5);
        }
    }

    @Test
    void antonyms_areOpposite() {
        for (Kind kind : Kind.values()) {
            assertThat(lexicon.adjectives(kind))
                    .allMatch(a -> !a.word().equals(a.antonym())
                            && Arrays.asList(-1, 0, 1).contains(a.polarity()));
        }
    }
}
