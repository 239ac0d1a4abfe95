package org.bonepeft.examples.text;

import java.util.List;
import java.util.Set;

/** Word order: the broken sentence has the words of the good one. */
final class OrderRules {
    private OrderRules() {}

    static List<Rule> rules() {
        return List.of(
                new Rule("ord-question", OrderRules::question),
                new Rule("ord-adjective", OrderRules::adjective),
                new Rule("ord-determiner", OrderRules::determiner),
                new Rule("ord-adverb", OrderRules::adverb),
                new Rule("ord-negation", OrderRules::negation),
                new Rule("ord-preposition", OrderRules::preposition),
                new Rule("ord-that", OrderRules::complementizer));
    }

    private static Clause transitive(Grammar g) {
        return g.clause(Frame.TRANSITIVE).withNegative(false).withAdverb("");
    }

    /** {@code What did John buy?}, not {@code What John did buy?}. */
    private static String question(Grammar g, boolean good) {
        Clause clause = transitive(g);
        String wh = g.dice.pick("what", "what", "who", "");
        VerbGroup group = VerbGroup.supported(
                clause.verb(), clause.form(), clause.subject().count());
        String subject = clause.subject().text();
        if (wh.isEmpty()) {
            String rest = Text.join(group.rest(), clause.arguments(), clause.adjunct());
            return good
                    ? Text.question(group.auxiliary(), subject, rest)
                    : Text.question(group.auxiliary(), group.rest(), subject, clause.arguments(), clause.adjunct());
        }
        String first = good ? group.auxiliary() : subject;
        String second = good ? subject : group.auxiliary();
        String when = g.dice.pick("when", "where", "why", "how");
        return g.dice.coin()
                ? Text.question(wh.equals("who") ? "what" : wh, first, second, group.rest(), clause.adjunct())
                : Text.question(when, first, second, group.rest(), clause.arguments());
    }

    private static String adjective(Grammar g, boolean good) {
        Kind kind = g.dice.pick(Kind.PERSON, Kind.THING, Kind.CLOTHING, Kind.FURNITURE, Kind.ANIMAL);
        Verb verb = g.verb(Frame.TRANSITIVE, Kind.PERSON, kind);
        NounPhrase plain = g.phrase(kind, g.count()).withAdjectives(List.of());
        String word = g.dice.pick(g.lexicon.adjectives(kind)).word();
        NounPhrase object = good ? plain.withDeterminer(Text.join(plain.determiner(), word)) : plain.withTail(word);
        Clause clause = g.clause(g.phrase(Set.of(Kind.PERSON)), verb).withObject(object);
        return Text.statement(clause.statement());
    }

    private static String determiner(Grammar g, boolean good) {
        Kind kind = g.dice.pick(Kind.PERSON, Kind.THING, Kind.CLOTHING, Kind.FOOD, Kind.ANIMAL, Kind.BUILDING);
        Verb verb = g.verb(Frame.TRANSITIVE, Kind.PERSON, kind);
        NounPhrase object = g.phrase(kind, g.count());
        Clause clause = g.clause(g.phrase(Set.of(Kind.PERSON)), verb)
                .withObject(good ? object : object.withDeterminer("").withTail(object.determiner()));
        return Text.statement(clause.statement());
    }

    /** Nothing stands between a verb and its object; adverbs of frequency stand before the verb. */
    private static String adverb(Grammar g, boolean good) {
        Clause clause = transitive(g);
        String subject = clause.subject().text();
        String object = clause.object().orElseThrow().text();
        VerbGroup group =
                VerbGroup.active(clause.verb(), clause.form(), clause.subject().count());
        String adverb = g.word(g.dice.pick("MANNER", "FREQUENCY"));
        return good
                ? Text.statement(subject, group.text(adverb), object, clause.adjunct())
                : Text.statement(subject, group.text(""), adverb, object, clause.adjunct());
    }

    private static String negation(Grammar g, boolean good) {
        Clause clause = g.simple().withNegative(false).withAdverb("");
        String subject = clause.subject().text();
        VerbGroup group = VerbGroup.supported(
                clause.verb(), clause.form(), clause.subject().count());
        String tail = Text.join(clause.arguments(), clause.adjunct());
        if (good) {
            return Text.statement(subject, group.text("not"), tail);
        }
        return g.dice.coin()
                ? Text.statement(subject, "not", group.text(""), tail)
                : Text.statement(subject, group.text(""), "not", tail);
    }

    private static String preposition(Grammar g, boolean good) {
        Clause clause = g.simple().withAdjunct("");
        String preposition = g.word("PLACE_PREPOSITION");
        NounPhrase place = g.phrase(g.dice.pick(Kind.PLACE, Kind.BUILDING), Count.SINGULAR);
        return good
                ? Text.statement(clause.statement(), preposition, place.text())
                : Text.statement(clause.statement(), place.text(), preposition);
    }

    private static String complementizer(Grammar g, boolean good) {
        Verb verb = g.verb(g.dice.pick(Frame.CLAUSE, Frame.FACT));
        Clause clause = g.clause(g.phrase(Set.of(Kind.PERSON)), verb);
        String group = clause.group(verb, clause.form(), clause.subject().count());
        Clause inner = g.simple();
        return good
                ? Text.statement(clause.subject().text(), group, "that", inner.statement())
                : Text.statement(clause.subject().text(), "that", group, inner.statement());
    }
}
