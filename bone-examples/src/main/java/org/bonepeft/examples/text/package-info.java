/**
 * A seeded generator of English sentences over a hand-written lexicon and grammar, and the mini GLUE tasks made from
 * it. Start at {@link org.bonepeft.examples.text.MiniGlue}; {@code Lexicon} holds the words, {@code Grammar} makes
 * phrases and clauses of them, one class per task makes the examples.
 */
@NullMarked
package org.bonepeft.examples.text;

import org.jspecify.annotations.NullMarked;
