package org.bonepeft.examples.text;

import java.util.regex.Pattern;

/** Regular English inflection by spelling; the lexicon writes out what these rules miss. */
final class Morphology {
    private static final Pattern SIBILANT = Pattern.compile(".*(s|x|z|ch|sh)");
    private static final Pattern CONSONANT_Y = Pattern.compile(".*[^aeiou]y");
    private static final Pattern DOUBLING = Pattern.compile("[^aeiou]*[aeiou][^aeiouwxy]");
    private static final Pattern VOWEL_SOUND =
            Pattern.compile("(?i)(?!one|uni[^m]|use|eu)([aeiou].*|honest.*|honor.*|hour.*)");

    private Morphology() {}

    /** Plural of a noun, third person singular of a verb. */
    static String s(String word) {
        if (SIBILANT.matcher(word).matches()) {
            return word + "es";
        }
        return CONSONANT_Y.matcher(word).matches() ? cut(word, 1) + "ies" : word + "s";
    }

    static String third(String verb) {
        return verb.endsWith("o") ? verb + "es" : s(verb);
    }

    static String past(String verb) {
        if (verb.endsWith("e")) {
            return verb + "d";
        }
        return CONSONANT_Y.matcher(verb).matches() ? cut(verb, 1) + "ied" : doubled(verb) + "ed";
    }

    static String gerund(String verb) {
        if (verb.endsWith("ie")) {
            return cut(verb, 2) + "ying";
        }
        boolean silent = verb.endsWith("e") && !verb.endsWith("ee") && verb.length() > 2;
        return (silent ? cut(verb, 1) : doubled(verb)) + "ing";
    }

    /** {@code a} or {@code an}, by the word that follows. */
    static String article(String next) {
        return VOWEL_SOUND.matcher(next).matches() ? "an" : "a";
    }

    private static String doubled(String verb) {
        boolean doubles = DOUBLING.matcher(verb).matches() && !verb.startsWith("qu");
        return doubles ? verb + verb.charAt(verb.length() - 1) : verb;
    }

    private static String cut(String word, int letters) {
        return word.substring(0, word.length() - letters);
    }
}
