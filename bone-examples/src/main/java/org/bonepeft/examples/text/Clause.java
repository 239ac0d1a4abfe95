package org.bonepeft.examples.text;

import java.util.Optional;

/**
 * A clause as data, with the ways to say it.
 *
 * @param object empty for intransitive uses
 * @param recipient whom a dative verb's object goes to
 * @param complement the text of an infinitive, gerund or subordinate clause, or empty
 * @param adverb a word before the verb, or empty
 * @param adjunct place, time or manner at the end, or empty
 */
record Clause(
        NounPhrase subject,
        Verb verb,
        Form form,
        boolean negative,
        Optional<NounPhrase> object,
        Optional<NounPhrase> recipient,
        String complement,
        String adverb,
        String adjunct) {

    /** {@code The boy did not eat the apple in the garden}. */
    String statement() {
        return Text.join(subject.text(), predicate());
    }

    /** The statement without its subject. */
    String predicate() {
        return Text.join(group(verb, form, subject.count()), arguments(), adjunct);
    }

    /** Verb and negation of the statement, agreeing with {@code count}. */
    String group(Verb verb, Form form, Count count) {
        VerbGroup group = negative ? VerbGroup.supported(verb, form, count) : VerbGroup.active(verb, form, count);
        return group.text(Text.join(negation(), adverb));
    }

    private String negation() {
        return negative ? "not" : "";
    }

    /** What follows the verb: particle, object, recipient, complement. */
    String arguments() {
        return Text.join(verb.word(), objectText(), toRecipient(), complement);
    }

    private String objectText() {
        return object.map(NounPhrase::text).orElse("");
    }

    private String toRecipient() {
        return recipient.map(r -> Text.join(preposition(), r.text())).orElse("");
    }

    /** {@code to} or {@code for}. */
    String preposition() {
        return verb.frame() == Frame.DATIVE_FOR ? "for" : "to";
    }

    /** {@code The boy gave Mary the apple}; for verbs that alternate. */
    String doubleObject() {
        String receiver = recipient.map(NounPhrase::text).orElse("");
        return Text.join(
                subject.text(), group(verb, form, subject.count()), receiver, objectText(), complement, adjunct);
    }

    boolean alternates() {
        return recipient.isPresent() && verb.frame() != Frame.PREP_DATIVE;
    }

    boolean hasPassive() {
        return object.isPresent()
                && switch (verb.frame()) {
                    case TRANSITIVE, OPTIONAL, CAUSATIVE, DATIVE_TO, PREP_DATIVE, PARTICLE -> true;
                    default -> false;
                };
    }

    /** {@code The apple was not eaten by the boy in the garden}. */
    String passive() {
        return Text.join(passiveCore(), "by", subject.text(), adjunct);
    }

    /** The passive without agent. */
    String shortPassive() {
        return Text.join(passiveCore(), adjunct);
    }

    private String passiveCore() {
        NounPhrase theme = object.orElseThrow();
        VerbGroup group = VerbGroup.passive(verb, form, theme.count());
        return Text.join(theme.text(), group.text(Text.join(negation(), adverb)), verb.word(), toRecipient());
    }

    /** {@code It was the boy that ate the apple}. */
    String subjectCleft() {
        return Text.join("it", be(), subject.text(), "that", predicate());
    }

    /** {@code It was the apple that the boy ate}. */
    String objectCleft() {
        NounPhrase theme = object.orElseThrow();
        String gap = Text.join(verb.word(), toRecipient(), adjunct);
        return Text.join("it", be(), theme.text(), "that", subject.text(), group(verb, form, subject.count()), gap);
    }

    private String be() {
        return form == Form.PAST || form == Form.PLUPERFECT || form == Form.PAST_PROGRESSIVE ? "was" : "is";
    }

    /** {@code In the garden , the boy ate the apple}. */
    String fronted() {
        return Text.join(adjunct, ",", withAdjunct("").statement());
    }

    /** {@code did the boy eat the apple}. */
    String yesNo() {
        return Text.join(inverted(), arguments(), adjunct);
    }

    /** {@code what did the boy eat}, with the object's place left empty. */
    String objectQuestion(String wh) {
        return Text.join(wh, inverted(), verb.word(), toRecipient(), complement, adjunct);
    }

    /** {@code who ate the apple}. */
    String subjectQuestion(String wh) {
        return Text.join(wh, group(verb, form, Count.SINGULAR), arguments(), adjunct);
    }

    /** {@code did the boy eat}. */
    String inverted() {
        VerbGroup group = VerbGroup.supported(verb, form, subject.count());
        return Text.join(group.auxiliary(), subject.text(), negation(), adverb, group.rest());
    }

    Clause withSubject(NounPhrase other) {
        return new Clause(other, verb, form, negative, object, recipient, complement, adverb, adjunct);
    }

    Clause withVerb(Verb other) {
        return new Clause(subject, other, form, negative, object, recipient, complement, adverb, adjunct);
    }

    Clause withForm(Form other) {
        return new Clause(subject, verb, other, negative, object, recipient, complement, adverb, adjunct);
    }

    Clause withNegative(boolean other) {
        return new Clause(subject, verb, form, other, object, recipient, complement, adverb, adjunct);
    }

    Clause withObject(NounPhrase other) {
        return new Clause(subject, verb, form, negative, Optional.of(other), recipient, complement, adverb, adjunct);
    }

    Clause withRecipient(NounPhrase other) {
        return new Clause(subject, verb, form, negative, object, Optional.of(other), complement, adverb, adjunct);
    }

    Clause withAdverb(String other) {
        return new Clause(subject, verb, form, negative, object, recipient, complement, other, adjunct);
    }

    Clause withAdjunct(String other) {
        return new Clause(subject, verb, form, negative, object, recipient, complement, adverb, other);
    }
}
