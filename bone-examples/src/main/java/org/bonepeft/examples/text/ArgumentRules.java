package org.bonepeft.examples.text;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What verbs take: objects, recipients, complements, prepositions, particles, participles. */
final class ArgumentRules {
    private ArgumentRules() {}

    static List<Rule> rules() {
        return List.of(
                new Rule("arg-object", ArgumentRules::object),
                new Rule("arg-dative", ArgumentRules::dative),
                new Rule("arg-passive", ArgumentRules::passive),
                new Rule("arg-infinitive", ArgumentRules::infinitive),
                new Rule("arg-that", ArgumentRules::that),
                new Rule("arg-whether", ArgumentRules::whether),
                new Rule("arg-preposition", ArgumentRules::preposition),
                new Rule("arg-particle", ArgumentRules::particle),
                new Rule("aux-form", ArgumentRules::auxiliary));
    }

    private static Clause about(Grammar g, Verb verb) {
        return g.clause(g.phrase(Set.of(Kind.PERSON)), verb).withNegative(false);
    }

    /** Verbs that need an object and verbs that cannot have one. */
    private static String object(Grammar g, boolean good) {
        boolean transitive = g.dice.coin();
        Verb verb = g.verb(transitive ? Frame.TRANSITIVE : Frame.INTRANSITIVE, Kind.PERSON);
        Verb model = transitive ? verb : g.verb(Frame.TRANSITIVE, Kind.PERSON);
        Clause clause = about(g, verb);
        String object = transitive == good ? g.phrase(model.objects()).text() : "";
        return Text.statement(
                clause.subject().text(),
                clause.group(verb, clause.form(), clause.subject().count()),
                object,
                clause.adjunct());
    }

    /** {@code Gave Mary the book}, {@code explained the plan to Mary}. */
    private static String dative(Grammar g, boolean good) {
        boolean alternates = g.dice.coin();
        Clause clause = about(g, g.verb(alternates ? Frame.DATIVE_TO : Frame.PREP_DATIVE));
        if (!alternates) {
            return Text.statement(good ? clause.statement() : clause.doubleObject());
        }
        NounPhrase theme = clause.object().orElseThrow();
        NounPhrase receiver = clause.recipient().orElseThrow();
        return Text.statement(
                good
                        ? clause.doubleObject()
                        : clause.withObject(receiver).withRecipient(theme).statement());
    }

    /** Passives of verbs with and without object. */
    private static String passive(Grammar g, boolean good) {
        boolean transitive = g.dice.coin();
        Verb verb = transitive
                ? g.verb(Frame.TRANSITIVE, Kind.PERSON, Kind.PERSON)
                : g.verb(Frame.INTRANSITIVE, Kind.PERSON);
        Clause clause = about(g, verb);
        Count count = clause.subject().count();
        boolean passive = transitive == good;
        VerbGroup group =
                passive ? VerbGroup.passive(verb, clause.form(), count) : VerbGroup.active(verb, clause.form(), count);
        return Text.statement(clause.subject().text(), group.text(""), g.adjunct(clause.form()));
    }

    /** {@code Want to leave}, {@code enjoy leaving}. */
    private static String infinitive(Grammar g, boolean good) {
        boolean infinitive = g.dice.coin();
        Verb verb = g.verb(infinitive ? Frame.INFINITIVE : Frame.GERUND);
        Clause clause = about(g, verb);
        String complement = infinitive == good ? "to " + g.activity(false) : g.activity(true);
        return Text.statement(
                clause.subject().text(),
                clause.group(verb, clause.form(), clause.subject().count()),
                complement);
    }

    /** {@code Believe that Mary left}, {@code persuade Mary to leave}. */
    private static String that(Grammar g, boolean good) {
        boolean that = g.dice.coin();
        Verb verb = g.verb(that ? Frame.CLAUSE : Frame.OBJECT_INFINITIVE);
        Clause clause = about(g, verb);
        NounPhrase inner = g.phrase(Set.of(Kind.PERSON));
        Clause embedded =
                g.clause(inner, g.verb(Frame.INTRANSITIVE, Kind.PERSON)).withNegative(false);
        String complement = that == good
                ? "that "
                        + embedded.withForm(g.dice.pick(Form.WILL, Form.CAN, Form.MUST))
                                .statement()
                : Text.join(inner.text(), "to", embedded.verb().base(), embedded.adjunct());
        return Text.statement(
                clause.subject().text(),
                clause.group(verb, clause.form(), clause.subject().count()),
                complement);
    }

    /** {@code Wonder whether}, {@code believe that}. */
    private static String whether(Grammar g, boolean good) {
        boolean whether = g.dice.coin();
        Verb verb = g.verb(whether ? Frame.WHETHER : Frame.CLAUSE);
        Clause clause = about(g, verb);
        String link = whether == good ? "whether" : "that";
        return Text.statement(
                clause.subject().text(),
                clause.group(verb, clause.form(), clause.subject().count()),
                link,
                g.simple().statement());
    }

    /** {@code Rely on}, {@code listen to}; the wrong preposition is another verb's. */
    private static String preposition(Grammar g, boolean good) {
        Verb verb = g.verb(Frame.PREPOSITIONAL);
        String word = verb.word();
        while (!good && fits(g, verb.base(), word)) {
            word = g.verb(Frame.PREPOSITIONAL).word();
        }
        Clause clause = about(g, verb);
        String group = clause.group(verb, clause.form(), clause.subject().count());
        return Text.statement(
                clause.subject().text(),
                group,
                word,
                clause.object().orElseThrow().text(),
                clause.adjunct());
    }

    private static boolean fits(Grammar g, String base, String word) {
        return g.lexicon.verbs(Frame.PREPOSITIONAL).stream()
                .anyMatch(v -> v.base().equals(base) && v.word().equals(word));
    }

    /** {@code Pick it up}, not {@code pick up it}. */
    private static String particle(Grammar g, boolean good) {
        Verb verb = g.verb(Frame.PARTICLE);
        Clause clause = about(g, verb);
        String pronoun = g.dice.pick("it", "them");
        String group = clause.group(verb, clause.form(), clause.subject().count());
        String tail = good ? Text.join(pronoun, verb.word()) : Text.join(verb.word(), pronoun);
        return Text.statement(clause.subject().text(), group, tail, clause.adjunct());
    }

    /** {@code Has eaten}, {@code is eating}, {@code will eat}. */
    private static String auxiliary(Grammar g, boolean good) {
        Verb verb = g.verb(g.dice.pick(Frame.TRANSITIVE, Frame.INTRANSITIVE), Kind.PERSON);
        while (verb.participle().equals(verb.base())) {
            verb = g.verb(Frame.TRANSITIVE, Kind.PERSON);
        }
        NounPhrase subject = g.phrase(Set.of(Kind.PERSON));
        Form perfect = g.dice.pick(Form.PERFECT, Form.PLUPERFECT);
        Form progressive = g.dice.pick(Form.PROGRESSIVE, Form.PAST_PROGRESSIVE);
        Form modal = g.dice.pick(Form.WILL, Form.CAN, Form.MUST, Form.SHOULD, Form.MAY, Form.COULD);
        List<Form> forms = List.of(perfect, progressive, modal);
        Form form = g.dice.pick(forms);
        Form shape = good ? form : g.dice.other(forms, form);
        String auxiliary = VerbGroup.active(verb, form, subject.count()).auxiliary();
        String rest = VerbGroup.active(verb, shape, subject.count()).rest();
        Optional<NounPhrase> object = g.clause(subject, verb).object();
        String adverb = g.dice.chance(0.4) ? g.word("FREQUENCY") : "";
        return Text.statement(
                subject.text(),
                auxiliary,
                adverb,
                rest,
                object.map(NounPhrase::text).orElse(""));
    }
}
