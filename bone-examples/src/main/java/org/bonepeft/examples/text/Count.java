package org.bonepeft.examples.text;

/** Grammatical number. */
enum Count {
    SINGULAR,
    PLURAL;

    Count flip() {
        return this == SINGULAR ? PLURAL : SINGULAR;
    }
}
