package org.bonepeft.examples.lm;

/**
 * What a model is given and what it is to say then.
 *
 * @param prompt ends where the response begins
 * @param response begins with the blank, if there is one, that parts it from the prompt
 */
public record Dialogue(String prompt, String response) {}
