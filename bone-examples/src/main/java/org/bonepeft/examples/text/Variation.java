package org.bonepeft.examples.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Other ways to say a clause, and other clauses that look like it. */
final class Variation {
    private final Grammar g;

    Variation(Grammar g) {
        this.g = g;
    }

    /** A clause with a person as subject and, mostly, an object: material to say in several ways. */
    Clause material() {
        Frame frame = g.dice.pick(
                Frame.TRANSITIVE,
                Frame.TRANSITIVE,
                Frame.TRANSITIVE,
                Frame.DATIVE_TO,
                Frame.DATIVE_FOR,
                Frame.CAUSATIVE,
                Frame.PARTICLE);
        Verb verb = g.verb(frame, Kind.PERSON);
        if (frame == Frame.TRANSITIVE && g.dice.coin()) {
            verb = g.verb(frame, Kind.PERSON, Kind.PERSON);
        }
        NounPhrase subject = g.dice.chance(0.4) ? g.name() : g.phrase(Kind.PERSON, g.count());
        return g.clause(subject, verb)
                .withAdverb("")
                .withForm(g.dice.pick(Form.PAST, Form.PAST, Form.PERFECT, Form.WILL));
    }

    /** The clause said in one of its ways: active, passive, cleft, double object, adjunct first. */
    String say(Clause clause) {
        List<String> ways = new ArrayList<>();
        ways.add(clause.statement());
        if (clause.hasPassive()) {
            ways.add(clause.passive());
            ways.add(clause.passive());
        }
        if (clause.alternates()) {
            ways.add(clause.doubleObject());
            ways.add(clause.doubleObject());
        }
        if (!clause.adjunct().isEmpty()) {
            ways.add(clause.fronted());
        }
        if (!clause.negative()) {
            ways.add(clause.subjectCleft());
            clause.object().ifPresent(object -> ways.add(clause.objectCleft()));
        }
        return g.dice.pick(ways);
    }

    /** The clause with synonyms for some of its words. */
    Clause reworded(Clause clause) {
        Clause other = clause.withSubject(reworded(clause.subject()))
                .withVerb(g.lexicon.synonym(clause.verb()))
                .withAdjunct(g.lexicon.synonym(clause.adjunct()));
        return clause.object().map(object -> other.withObject(reworded(object))).orElse(other);
    }

    private NounPhrase reworded(NounPhrase phrase) {
        Noun noun = phrase.noun();
        Noun other = noun.name() ? noun : g.lexicon.noun(g.lexicon.synonym(noun.singular()), noun);
        List<Adjective> adjectives = phrase.adjectives().stream()
                .map(a -> new Adjective(g.lexicon.synonym(a.word()), a.antonym(), a.kinds(), a.polarity()))
                .toList();
        return phrase.withNoun(other).withAdjectives(adjectives);
    }

    /** A clause of another meaning: arguments swapped, one word changed, or negated. */
    Clause nearMiss(Clause clause) {
        Optional<Clause> swapped = swapped(clause);
        if (swapped.isPresent() && g.dice.chance(0.6)) {
            return swapped.get();
        }
        return switch (g.dice.below(4)) {
            case 0 -> clause.withNegative(!clause.negative());
            case 1 -> clause.withSubject(another(clause.subject()));
            case 2 -> clause.withVerb(another(clause.verb()));
            default ->
                clause.object()
                        .map(object -> clause.withObject(another(object)))
                        .orElseGet(() -> clause.withSubject(another(clause.subject())));
        };
    }

    /** Who did it to whom exchanged, where both can be both. */
    Optional<Clause> swapped(Clause clause) {
        NounPhrase subject = clause.subject();
        if (clause.recipient().isPresent()) {
            return Optional.of(clause.withSubject(clause.recipient().get()).withRecipient(subject));
        }
        return clause.object()
                .filter(object -> object.noun().kind() == subject.noun().kind()
                        && clause.verb().objects().contains(subject.noun().kind()))
                .map(object -> clause.withSubject(object).withObject(subject));
    }

    NounPhrase another(NounPhrase phrase) {
        if (phrase.noun().name()) {
            NounPhrase name = g.name();
            return name.equals(phrase) ? another(phrase) : name;
        }
        Noun noun = phrase.noun();
        while (noun.equals(phrase.noun())
                || noun.mass() != phrase.noun().mass()
                || noun.singular().equals(g.lexicon.synonym(phrase.noun().singular()))) {
            noun = g.noun(noun.kind());
        }
        return phrase.withNoun(noun);
    }

    /** Another verb for the same arguments; the same one if there is no other. */
    Verb another(Verb verb) {
        List<Verb> others = g.lexicon.verbs(verb.frame()).stream()
                .filter(v -> v.objects().equals(verb.objects()) && v.subjects().equals(verb.subjects()))
                .filter(v -> !v.base().equals(verb.base()) && !v.base().equals(g.lexicon.synonym(verb.base())))
                .toList();
        return others.isEmpty() ? verb : g.dice.pick(others);
    }
}
