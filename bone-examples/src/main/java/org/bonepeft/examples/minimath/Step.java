package org.bonepeft.examples.minimath;

/**
 * {@code result = left operator right}.
 *
 * @param left a variable, the result of an earlier step, or a number
 * @param right as left
 * @param sentence says it in words, with {@code {=}} for the reckoning
 */
record Step(String result, String left, char operator, String right, String sentence) {
    boolean uses(String name) {
        return left.equals(name) || right.equals(name);
    }
}
