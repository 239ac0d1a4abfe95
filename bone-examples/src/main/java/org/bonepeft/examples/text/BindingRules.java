package org.bonepeft.examples.text;

import java.util.List;
import java.util.Set;

/** Dependencies at a distance: reflexives, questions and their gaps, negative polarity, paired words, tags. */
final class BindingRules {
    private BindingRules() {}

    static List<Rule> rules() {
        return List.of(
                new Rule("ref-subject", BindingRules::reflexive),
                new Rule("ref-attractor", BindingRules::reflexiveAttractor),
                new Rule("ref-local", BindingRules::reflexiveLocal),
                new Rule("wh-gap", BindingRules::gap),
                new Rule("wh-island", BindingRules::island),
                new Rule("npi-scope", BindingRules::ever),
                new Rule("npi-any", BindingRules::any),
                new Rule("case", BindingRules::pronounCase),
                new Rule("tag", BindingRules::tag),
                new Rule("pair", BindingRules::pair),
                new Rule("degree", BindingRules::degree),
                new Rule("time", BindingRules::time));
    }

    /** Someone whose pronoun is known: male, female or several. */
    private static NounPhrase known(Grammar g) {
        return switch (g.dice.below(3)) {
            case 0 -> g.gendered(Gender.MALE, Count.SINGULAR);
            case 1 -> g.gendered(Gender.FEMALE, Count.SINGULAR);
            default -> g.phrase(Kind.PERSON, Count.PLURAL);
        };
    }

    private static NounPhrase knownBut(Grammar g, NounPhrase unwanted) {
        NounPhrase phrase = known(g);
        while (phrase.reflexive().equals(unwanted.reflexive())) {
            phrase = known(g);
        }
        return phrase;
    }

    private static String act(Grammar g, NounPhrase subject, String object) {
        Verb verb = g.verb(Frame.TRANSITIVE, Kind.PERSON, Kind.PERSON);
        Clause clause = g.clause(subject, verb);
        return Text.join(subject.text(), clause.group(verb, clause.form(), subject.count()), object, clause.adjunct());
    }

    private static String reflexive(Grammar g, boolean good) {
        NounPhrase subject = known(g);
        String object = (good ? subject : knownBut(g, subject)).reflexive();
        return Text.statement(act(g, subject, object));
    }

    /** The noun nearest to the verb is not the subject. */
    private static String reflexiveAttractor(Grammar g, boolean good) {
        NounPhrase subject = known(g);
        while (subject.noun().name()) {
            subject = known(g);
        }
        NounPhrase other = knownBut(g, subject);
        String tail = Text.join(g.word("BETWEEN"), other.text());
        return Text.statement(act(g, subject.withTail(tail), (good ? subject : other).reflexive()));
    }

    /** The subject of the inner clause, not that of the outer one. */
    private static String reflexiveLocal(Grammar g, boolean good) {
        NounPhrase outer = known(g);
        NounPhrase inner = knownBut(g, outer);
        Verb verb = g.verb(Frame.CLAUSE);
        String group = g.clause(outer, verb).withNegative(false).group(verb, Form.PAST, outer.count());
        return Text.statement(outer.text(), group, "that", act(g, inner, (good ? inner : outer).reflexive()));
    }

    /** {@code What} comes with a gap, and a gap with {@code what}. */
    private static String gap(Grammar g, boolean good) {
        Clause clause = g.clause(Frame.TRANSITIVE).withNegative(false);
        boolean wh = g.dice.coin();
        String object = wh == good ? "" : clause.object().orElseThrow().text();
        String first = wh ? g.dice.pick("what", "who", "which one") : "";
        return Text.question(first, clause.inverted(), object, clause.adjunct());
    }

    /** {@code Who} can come out of a that-clause, not out of a relative clause. */
    private static String island(Grammar g, boolean good) {
        Verb verb = g.verb(Frame.TRANSITIVE, Kind.PERSON, Kind.PERSON);
        Verb outer = g.verb(Frame.TRANSITIVE, Kind.PERSON, Kind.PERSON);
        Verb saying = g.verb(Frame.CLAUSE);
        String modal = g.dice.pick("will", "can", "should", "might", "would");
        String subject = g.phrase(Set.of(Kind.PERSON)).text();
        String object = g.phrase(Set.of(Kind.PERSON)).text();
        String met = NounPhrase.of(g.dice.pick("the", "a", "every"), g.noun(Kind.PERSON), Count.SINGULAR)
                .text();
        if (g.dice.coin()) {
            return good
                    ? Text.question("who", modal, subject, saying.base(), "that", object, verb.past())
                    : Text.question("who", modal, subject, saying.base(), "that", object, verb.past(), met);
        }
        return good
                ? Text.question("who", modal, outer.base(), met, "that", verb.past(), object)
                : Text.question("who", modal, subject, outer.base(), met, "that", verb.past());
    }

    /** {@code Ever} needs a negation whose clause it is in. */
    private static String ever(Grammar g, boolean good) {
        Noun noun = g.noun(Kind.PERSON);
        Noun other = g.noun(Kind.PERSON);
        Verb liked = g.verb(Frame.TRANSITIVE, Kind.PERSON, Kind.PERSON);
        Clause main = g.clause(NounPhrase.of("no", noun, Count.SINGULAR), g.verb(Frame.INTRANSITIVE, Kind.PERSON));
        String left = Text.join("has ever", main.verb().participle(), main.adjunct());
        String first = good ? "no" : "the";
        String second = good ? "the" : "no";
        return Text.statement(
                first, noun.singular(), "that", second, other.singular(), "has", liked.participle(), left);
    }

    /** {@code Did not eat any bread}, not {@code any boy did not eat}. */
    private static String any(Grammar g, boolean good) {
        Clause clause = g.clause(Frame.TRANSITIVE).withNegative(true).withAdverb("");
        NounPhrase subject = g.phrase(clause.verb().subjects());
        while (subject.noun().name()) {
            subject = g.phrase(clause.verb().subjects());
        }
        NounPhrase object = clause.object().orElseThrow();
        if (object.noun().name()) {
            object = g.phrase(Kind.PERSON, g.count());
        }
        return Text.statement(clause.withSubject(subject.withDeterminer(good ? "the" : "any"))
                .withObject(object.withDeterminer(good ? "any" : "the"))
                .statement());
    }

    private static String pronounCase(Grammar g, boolean good) {
        NounPhrase first = known(g);
        NounPhrase second = knownBut(g, first);
        Verb verb = g.verb(Frame.TRANSITIVE, Kind.PERSON, Kind.PERSON);
        Clause clause = g.clause(first, verb).withForm(g.dice.pick(Form.INVARIANT));
        String group = clause.group(verb, clause.form(), Count.SINGULAR);
        String subject = good ? first.nominative() : first.accusative();
        String object = good ? second.accusative() : second.nominative();
        return Text.statement(subject, group, object, clause.adjunct());
    }

    /** {@code Left, didn't she}, {@code did not leave, did she}. */
    private static String tag(Grammar g, boolean good) {
        NounPhrase subject = known(g);
        Verb verb = g.verb(g.dice.pick(Frame.INTRANSITIVE, Frame.PREPOSITIONAL), Kind.PERSON);
        Form form =
                g.dice.pick(Form.PAST, Form.PROGRESSIVE, Form.PAST_PROGRESSIVE, Form.PERFECT, Form.COULD, Form.WOULD);
        Clause clause = g.clause(subject, verb).withForm(form).withAdverb("");
        String auxiliary = VerbGroup.supported(verb, form, subject.count()).auxiliary();
        boolean negativeTag = clause.negative() != good;
        String tag = auxiliary + (negativeTag ? "n't" : "");
        return Text.question(clause.withAdjunct("").statement(), ",", tag, subject.nominative());
    }

    private static String pair(Grammar g, boolean good) {
        List<String> firsts = List.of("either", "neither", "both");
        List<String> seconds = List.of("or", "nor", "and");
        int first = g.dice.below(3);
        int second = good ? first : (first + 1 + g.dice.below(2)) % 3;
        Kind kind = g.dice.pick(Kind.PERSON, Kind.THING, Kind.FOOD, Kind.CLOTHING);
        Verb verb = g.verb(Frame.TRANSITIVE, Kind.PERSON, kind);
        Clause clause = g.clause(g.phrase(Set.of(Kind.PERSON)), verb).withNegative(false);
        String object = Text.join(
                firsts.get(first),
                g.phrase(kind, g.count()).text(),
                seconds.get(second),
                g.phrase(kind, g.count()).text());
        String group = clause.group(verb, clause.form(), clause.subject().count());
        return Text.statement(clause.subject().text(), group, object, clause.adjunct());
    }

    /** {@code So tired that he slept}, {@code too tired to sleep}. */
    private static String degree(Grammar g, boolean good) {
        NounPhrase subject = known(g);
        boolean so = g.dice.coin();
        String word = so ? "so" : "too";
        String adjective = g.dice.pick(g.lexicon.adjectives(Kind.PERSON)).word();
        Verb verb = g.verb(g.dice.pick(Frame.INTRANSITIVE, Frame.PREPOSITIONAL), Kind.PERSON);
        Clause result = g.clause(subject, verb).withNegative(false).withForm(g.dice.pick(Form.COULD, Form.WOULD));
        String tail = so == good
                ? Text.join("that", subject.nominative(), result.group(verb, result.form(), subject.count()))
                : Text.join("to", verb.base());
        String be = VerbGroup.be(g.dice.coin(), subject.count());
        return Text.statement(subject.text(), be, word, adjective, tail, result.arguments());
    }

    /** {@code Left yesterday}, {@code will leave tomorrow}. */
    private static String time(Grammar g, boolean good) {
        Form form = g.dice.pick(Form.PAST, Form.WILL);
        Clause clause = g.simple().withForm(form);
        boolean past = (form == Form.PAST) == good;
        String when = g.dice.coin()
                ? g.dice.pick(past ? "yesterday" : "tomorrow")
                : (past ? "last " : "next ") + g.word("PERIOD");
        return Text.statement(clause.withAdjunct(when).statement());
    }
}
