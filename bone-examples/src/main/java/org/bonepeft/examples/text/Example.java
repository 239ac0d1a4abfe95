package org.bonepeft.examples.text;

import java.util.List;

/**
 * A labelled example.
 *
 * @param source the phenomenon or genre it shows
 * @param sentences one or two
 */
record Example(String source, String label, List<String> sentences) {}
