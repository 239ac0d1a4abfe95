package org.bonepeft.examples.text;

/** Gender of a noun; {@link #OPEN} nouns may be referred to as he or she. */
enum Gender {
    MALE("he", "him", "himself"),
    FEMALE("she", "her", "herself"),
    NEUTER("it", "it", "itself"),
    OPEN("he", "him", "himself");

    final String nominative;
    final String accusative;
    final String reflexive;

    Gender(String nominative, String accusative, String reflexive) {
        this.nominative = nominative;
        this.accusative = accusative;
        this.reflexive = reflexive;
    }
}
