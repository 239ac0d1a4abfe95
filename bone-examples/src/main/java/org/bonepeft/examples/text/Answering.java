package org.bonepeft.examples.text;

import java.util.List;

/** QNLI: does the sentence answer the question? */
final class Answering {
    static final String YES = "entailment";
    static final String NO = "not_entailment";

    private enum Asked {
        WHO,
        WHAT,
        WHERE,
        WHEN
    }

    private Answering() {}

    static Example make(Grammar g, String label) {
        Variation variation = new Variation(g);
        Asked asked = g.dice.pick(Asked.values());
        Clause fact = fact(g, asked == Asked.WHAT);
        String question = Text.sentence(question(fact, asked), "?");
        boolean answers = label.equals(YES);
        boolean silent = !answers && (asked == Asked.WHERE || asked == Asked.WHEN) && g.dice.coin();
        Clause told = answers || silent ? fact : another(variation, fact, asked);
        if (!answers && !silent && told.equals(fact)) {
            return make(g, label);
        }
        boolean place = asked == Asked.WHERE ? !silent : silent || g.dice.coin();
        boolean time = asked == Asked.WHEN ? !silent : silent || g.dice.coin();
        String adjunct = Text.join(place ? g.place() : "", time ? g.time(fact.form()) : "");
        Clause full = told.withAdjunct(adjunct);
        String sentence =
                Text.sentence(g.dice.chance(0.4) && full.hasPassive() ? full.passive() : full.statement(), ".");
        return new Example(asked.name(), label, List.of(question, sentence));
    }

    private static Clause fact(Grammar g, boolean thing) {
        Kind object = thing || g.dice.coin()
                ? g.dice.pick(Kind.THING, Kind.FOOD, Kind.CLOTHING, Kind.TOOL, Kind.VEHICLE, Kind.FURNITURE)
                : Kind.PERSON;
        Verb verb = g.verb(Frame.TRANSITIVE, Kind.PERSON, object);
        NounPhrase subject = g.dice.coin() ? g.name() : g.phrase(Kind.PERSON, g.count());
        Form form = g.dice.pick(Form.PAST, Form.PAST, Form.WILL, Form.CAN);
        return g.clause(subject, verb)
                .withObject(g.phrase(object, g.count()))
                .withForm(form)
                .withNegative(false)
                .withAdverb("")
                .withAdjunct("");
    }

    private static String question(Clause fact, Asked asked) {
        return switch (asked) {
            case WHO -> fact.subjectQuestion("who");
            case WHAT -> fact.objectQuestion("what");
            case WHERE -> Text.join("where", fact.yesNo());
            case WHEN -> Text.join("when", fact.yesNo());
        };
    }

    /** Another fact that differs in what the question takes for granted. */
    private static Clause another(Variation variation, Clause fact, Asked asked) {
        return switch (asked) {
            case WHO -> fact.withObject(variation.another(fact.object().orElseThrow()));
            case WHAT -> fact.withSubject(variation.another(fact.subject()));
            case WHERE, WHEN -> variation.nearMiss(fact).withNegative(false);
        };
    }
}
