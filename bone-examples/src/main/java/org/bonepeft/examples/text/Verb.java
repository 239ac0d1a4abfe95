package org.bonepeft.examples.text;

import java.util.Set;

/**
 * A verb with one argument structure; a word with two of them is two verbs.
 *
 * @param subjects what the subject may be
 * @param objects what the object may be, empty without object
 * @param word the verb's preposition or particle, or empty
 */
record Verb(
        String base,
        String third,
        String past,
        String participle,
        String gerund,
        Frame frame,
        Set<Kind> subjects,
        Set<Kind> objects,
        String word) {
    String present(Count subject) {
        return subject == Count.SINGULAR ? third : base;
    }
}
