package org.bonepeft.examples.text;

/**
 * A verb with its auxiliaries, cut where negation and question put something between.
 *
 * @param auxiliary the first auxiliary, empty if there is none
 * @param rest the other auxiliaries and the verb
 */
record VerbGroup(String auxiliary, String rest) {
    /** The group of a statement. */
    static VerbGroup active(Verb verb, Form form, Count subject) {
        return switch (form) {
            case PRESENT -> new VerbGroup("", verb.present(subject));
            case PAST -> new VerbGroup("", verb.past());
            case PROGRESSIVE, PAST_PROGRESSIVE -> new VerbGroup(be(form == Form.PROGRESSIVE, subject), verb.gerund());
            case PERFECT -> new VerbGroup(have(subject), verb.participle());
            case PLUPERFECT -> new VerbGroup("had", verb.participle());
            default -> new VerbGroup(form.word(), verb.base());
        };
    }

    /** The group with an auxiliary in every form: {@code do} where the statement has none. */
    static VerbGroup supported(Verb verb, Form form, Count subject) {
        return switch (form) {
            case PRESENT -> new VerbGroup(subject == Count.SINGULAR ? "does" : "do", verb.base());
            case PAST -> new VerbGroup("did", verb.base());
            default -> active(verb, form, subject);
        };
    }

    static VerbGroup passive(Verb verb, Form form, Count subject) {
        String participle = verb.participle();
        return switch (form) {
            case PRESENT, PAST -> new VerbGroup(be(form == Form.PRESENT, subject), participle);
            case PROGRESSIVE, PAST_PROGRESSIVE ->
                new VerbGroup(be(form == Form.PROGRESSIVE, subject), "being " + participle);
            case PERFECT -> new VerbGroup(have(subject), "been " + participle);
            case PLUPERFECT -> new VerbGroup("had", "been " + participle);
            default -> new VerbGroup(form.word(), "be " + participle);
        };
    }

    /** A form of {@code be}. */
    static String be(boolean present, Count subject) {
        if (subject == Count.SINGULAR) {
            return present ? "is" : "was";
        }
        return present ? "are" : "were";
    }

    static String have(Count subject) {
        return subject == Count.SINGULAR ? "has" : "have";
    }

    /** The group with something, often nothing, after the auxiliary. */
    String text(String between) {
        return Text.join(auxiliary, between, rest);
    }
}
