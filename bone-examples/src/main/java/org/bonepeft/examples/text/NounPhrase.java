package org.bonepeft.examples.text;

import java.util.List;
import java.util.stream.Collectors;

/**
 * Determiner, adjectives, noun and what follows it.
 *
 * @param determiner empty for names and bare nouns
 * @param tail a prepositional phrase or relative clause, or empty
 */
record NounPhrase(String determiner, List<Adjective> adjectives, Noun noun, Count count, String tail) {
    static NounPhrase of(String determiner, Noun noun, Count count) {
        return new NounPhrase(determiner, List.of(), noun, count, "");
    }

    String text() {
        String described = adjectives.stream().map(Adjective::word).collect(Collectors.joining(" "));
        return Text.join(determiner, described, noun.form(count), tail);
    }

    String nominative() {
        return count == Count.PLURAL ? "they" : noun.gender().nominative;
    }

    String accusative() {
        return count == Count.PLURAL ? "them" : noun.gender().accusative;
    }

    String reflexive() {
        return count == Count.PLURAL ? "themselves" : noun.gender().reflexive;
    }

    NounPhrase withDeterminer(String other) {
        return new NounPhrase(other, adjectives, noun, count, tail);
    }

    NounPhrase withAdjectives(List<Adjective> others) {
        return new NounPhrase(determiner, others, noun, count, tail);
    }

    NounPhrase withNoun(Noun other) {
        return new NounPhrase(determiner, adjectives, other, count, tail);
    }

    NounPhrase withCount(Count other) {
        return new NounPhrase(determiner, adjectives, noun, other, tail);
    }

    NounPhrase withTail(String other) {
        return new NounPhrase(determiner, adjectives, noun, count, other);
    }
}
