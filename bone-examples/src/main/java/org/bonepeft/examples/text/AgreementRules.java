package org.bonepeft.examples.text;

import java.util.List;

/** Number: between subject and verb, over what stands between them, and between determiner and noun. */
final class AgreementRules {
    private static final String AND = "and";

    private AgreementRules() {}

    static List<Rule> rules() {
        return List.of(
                new Rule("agr-near", AgreementRules::near),
                new Rule("agr-attractor", AgreementRules::attractor),
                new Rule("agr-relative", AgreementRules::relative),
                new Rule("agr-there", AgreementRules::there),
                new Rule("agr-coord", AgreementRules::coordination),
                new Rule("agr-partitive", AgreementRules::partitive),
                new Rule("det-number", AgreementRules::determiner),
                new Rule("det-mass", AgreementRules::mass));
    }

    private static Count shown(Count count, boolean good) {
        return good ? count : count.flip();
    }

    private static Kind animate(Grammar g) {
        return g.dice.chance(0.8) ? Kind.PERSON : Kind.ANIMAL;
    }

    /** A subject without determiner that tells its number more than the noun does. */
    private static NounPhrase plain(Grammar g, Kind kind) {
        Noun noun = g.countable(kind);
        while (noun.singular().equals(noun.plural())) {
            noun = g.countable(kind);
        }
        Count count = g.dice.pick(Count.values());
        return NounPhrase.of(g.dice.pick("the", "the", "my", "your", "their", "our"), noun, count);
    }

    /** A clause of present or perfect with that subject, its verb as for {@code count}. */
    private static String clause(Grammar g, NounPhrase subject, Count count) {
        Frame frame = g.dice.pick(Frame.INTRANSITIVE, Frame.TRANSITIVE, Frame.TRANSITIVE, Frame.PREPOSITIONAL);
        if (g.dice.chance(0.25)) {
            String adjective =
                    g.dice.pick(g.lexicon.adjectives(subject.noun().kind())).word();
            return Text.join(subject.text(), VerbGroup.be(g.dice.coin(), count), adjective);
        }
        Kind kind = subject.noun().kind();
        Verb verb = kind == Kind.PERSON ? g.verb(frame, kind) : g.verb(Frame.INTRANSITIVE, kind);
        Clause clause = g.clause(subject, verb).withForm(g.dice.pick(Form.AGREEING));
        String group = clause.group(verb, clause.form(), count);
        return Text.join(subject.text(), group, clause.arguments(), clause.adjunct());
    }

    private static String near(Grammar g, boolean good) {
        NounPhrase subject = plain(g, animate(g));
        return Text.statement(clause(g, subject, shown(subject.count(), good)));
    }

    private static String attractor(Grammar g, boolean good) {
        NounPhrase subject = plain(g, animate(g));
        NounPhrase between = plain(g, g.dice.pick(Kind.PERSON, Kind.ANIMAL, Kind.THING, Kind.FURNITURE, Kind.BUILDING));
        String tail = Text.join(g.word("BETWEEN"), between.text());
        return Text.statement(clause(g, subject.withTail(tail), shown(subject.count(), good)));
    }

    /** The number goes wrong in the relative clause or after it. */
    private static String relative(Grammar g, boolean good) {
        NounPhrase head = plain(g, Kind.PERSON);
        NounPhrase inner = plain(g, Kind.PERSON);
        Verb verb = g.verb(Frame.TRANSITIVE, Kind.PERSON, Kind.PERSON);
        boolean innerWrong = g.dice.coin();
        boolean subjectGap = g.dice.coin();
        Count innerCount = subjectGap ? head.count() : inner.count();
        String shownVerb = verb.present(shown(innerCount, good || !innerWrong));
        String tail = subjectGap
                ? Text.join("that", shownVerb, inner.text())
                : Text.join(g.dice.pick("that", "who"), inner.text(), shownVerb);
        return Text.statement(clause(g, head.withTail(tail), shown(head.count(), good || innerWrong)));
    }

    private static String there(Grammar g, boolean good) {
        Count count = g.dice.pick(Count.values());
        Noun noun = g.countable(g.dice.pick(Kind.PERSON, Kind.ANIMAL, Kind.THING, Kind.FOOD));
        String determiner =
                count == Count.SINGULAR ? g.dice.pick("a", "one", "another") : g.dice.pick("two", "many", "some");
        String be = VerbGroup.be(g.dice.coin(), shown(count, good));
        return Text.statement("there", be, determiner, noun.form(count), g.place());
    }

    /** {@code A and B are}, {@code A with B is}. */
    private static String coordination(Grammar g, boolean good) {
        NounPhrase first = plain(g, Kind.PERSON).withCount(Count.SINGULAR);
        NounPhrase second = plain(g, Kind.PERSON).withCount(Count.SINGULAR);
        String link = g.dice.pick(AND, g.dice.pick("with", "near", "behind", "beside"));
        Count count = link.equals(AND) ? Count.PLURAL : Count.SINGULAR;
        return Text.statement(clause(g, first.withTail(Text.join(link, second.text())), shown(count, good)));
    }

    /** {@code Each of the boys is}, {@code both of the boys are}. */
    private static String partitive(Grammar g, boolean good) {
        NounPhrase people = plain(g, animate(g)).withCount(Count.PLURAL);
        boolean single = g.dice.coin();
        String head =
                single ? g.dice.pick("each", "one", "every one") : g.dice.pick("both", "all", "many", "several", "few");
        NounPhrase subject = people.withDeterminer(head + " of " + people.determiner());
        return Text.statement(clause(g, subject, shown(single ? Count.SINGULAR : Count.PLURAL, good)));
    }

    private static String determiner(Grammar g, boolean good) {
        Count count = g.dice.pick(Count.values());
        String determiner = g.word(count + "_ONLY");
        Kind kind = g.dice.pick(Kind.THING, Kind.PERSON, Kind.ANIMAL, Kind.CLOTHING, Kind.FURNITURE, Kind.TOOL);
        NounPhrase phrase = plain(g, kind).withDeterminer(determiner).withCount(shown(count, good));
        Form form = g.dice.pick(Form.INVARIANT);
        if (kind == Kind.PERSON || kind == Kind.ANIMAL) {
            Verb verb = g.verb(Frame.INTRANSITIVE, kind);
            return Text.statement(g.clause(phrase, verb).withForm(form).statement());
        }
        Verb verb = g.verb(Frame.TRANSITIVE, Kind.PERSON, kind);
        Clause clause = g.clause(g.name(), verb).withForm(form).withObject(phrase);
        return Text.statement(clause.statement());
    }

    private static String mass(Grammar g, boolean good) {
        boolean mass = g.dice.coin();
        Kind kind = g.dice.pick(Kind.FOOD, Kind.MASS, Kind.MATERIAL);
        Noun noun = g.noun(Kind.FOOD);
        while (noun.mass() != mass) {
            noun = mass ? g.noun(kind) : g.countable(g.dice.pick(Kind.FOOD, Kind.THING, Kind.TOOL));
        }
        String determiner = g.word(mass == good ? "MASS_ONLY" : "COUNT_ONLY");
        Verb verb = g.verb(Frame.TRANSITIVE, Kind.PERSON, mass ? Kind.MASS : Kind.THING);
        NounPhrase phrase = NounPhrase.of(determiner, noun, mass ? Count.SINGULAR : Count.PLURAL);
        Clause clause = g.clause(g.phrase(Kind.PERSON, g.count()), verb).withObject(phrase);
        return Text.statement(clause.withForm(g.dice.pick(Form.INVARIANT)).statement());
    }
}
