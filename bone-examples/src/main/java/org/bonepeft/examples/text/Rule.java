package org.bonepeft.examples.text;

/**
 * A rule of English and a way to keep or break it. The makers are balanced: each word is as likely in sentences that
 * break the rule as in those that keep it, so that only structure tells them apart.
 *
 * @param source the name of the phenomenon, CoLA's first column
 */
record Rule(String source, Maker maker) {
    /** Makes one sentence. */
    @FunctionalInterface
    interface Maker {
        /** A sentence that keeps the rule if {@code good}, else one that breaks it. */
        String make(Grammar grammar, boolean good);
    }
}
