package org.bonepeft.examples.text;

import java.util.Set;

/**
 * An adjective.
 *
 * @param antonym a word that excludes it, or empty
 * @param kinds what it can describe
 * @param polarity 1 praise, -1 blame, 0 neither
 */
record Adjective(String word, String antonym, Set<Kind> kinds, int polarity) {}
