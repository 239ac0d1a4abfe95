package org.bonepeft.examples.text;

/**
 * A noun or a name.
 *
 * @param hypernym what every such thing is as well, a noun in the singular; empty for names
 * @param mass whether it has neither plural nor indefinite article
 * @param name whether it stands without determiner
 */
record Noun(String singular, String plural, Kind kind, String hypernym, Gender gender, boolean mass, boolean name) {
    String form(Count count) {
        return count == Count.SINGULAR ? singular : plural;
    }
}
