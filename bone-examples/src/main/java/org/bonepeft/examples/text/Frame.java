package org.bonepeft.examples.text;

/** Argument structure of a verb. */
enum Frame {
    INTRANSITIVE,
    /** The object cannot be left out. */
    TRANSITIVE,
    /** The object can be left out. */
    OPTIONAL,
    /** The object of the transitive use is the subject of the intransitive one. */
    CAUSATIVE,
    /** Give Mary the book, give the book to Mary. */
    DATIVE_TO,
    /** Buy Mary the book, buy the book for Mary. */
    DATIVE_FOR,
    /** Explain the idea to Mary, and no other order. */
    PREP_DATIVE,
    /** Think that. */
    CLAUSE,
    /** Know that, know whether. */
    FACT,
    /** Wonder whether. */
    WHETHER,
    /** Want to leave. */
    INFINITIVE,
    /** Enjoy leaving. */
    GERUND,
    /** Persuade Mary to leave. */
    OBJECT_INFINITIVE,
    /** Rely on Mary. */
    PREPOSITIONAL,
    /** Pick the book up, pick up the book. */
    PARTICLE,
    /** Seem happy. */
    LINKING;

    boolean dative() {
        return this == DATIVE_TO || this == DATIVE_FOR || this == PREP_DATIVE;
    }
}
