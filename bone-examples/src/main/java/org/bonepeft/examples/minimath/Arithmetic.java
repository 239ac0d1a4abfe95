package org.bonepeft.examples.minimath;

import java.util.OptionalInt;
import java.util.Random;

/**
 * Reckoning with positive whole numbers as a small model can learn it: sums up to {@link #MAXIMUM}, products of factors
 * up to {@link #FACTOR}, and what undoes them.
 */
final class Arithmetic {
    /** The largest number in a sum or a difference. */
    static final int MAXIMUM = 60;

    /** The largest factor, divisor and quotient. */
    static final int FACTOR = 12;

    private Arithmetic() {}

    /** Returns the result, or none if it lies outside what is reckoned here. */
    static OptionalInt apply(int left, char operator, int right) {
        return switch (operator) {
            case '+' -> small(left + right, left, right);
            case '-' -> left > right ? small(left - right, left, right) : OptionalInt.empty();
            case '*' -> factors(left, right) ? OptionalInt.of(left * right) : OptionalInt.empty();
            case '/' ->
                left % right == 0 && factors(left / right, right) ? OptionalInt.of(left / right) : OptionalInt.empty();
            default -> throw new IllegalArgumentException("no operator: " + operator);
        };
    }

    private static OptionalInt small(int result, int left, int right) {
        return Math.max(result, Math.max(left, right)) <= MAXIMUM ? OptionalInt.of(result) : OptionalInt.empty();
    }

    private static boolean factors(int left, int right) {
        return Math.max(left, right) <= FACTOR;
    }

    /** Returns a statement such as {@code 12+7=19}. */
    static String statement(int left, char operator, int right) {
        return "" + left + operator + right + "=" + apply(left, operator, right).orElseThrow();
    }

    /** Returns the statement whose result is an operand of {@code left operator right}: the left one, or the right. */
    static String undo(int left, char operator, int right, boolean wantLeft) {
        int result = apply(left, operator, right).orElseThrow();
        int other = wantLeft ? right : left;
        return switch (operator) {
            case '+' -> statement(result, '-', other);
            case '*' -> statement(result, '/', other);
            case '-' -> wantLeft ? statement(result, '+', other) : statement(other, '-', result);
            default -> wantLeft ? statement(result, '*', other) : statement(other, '/', result);
        };
    }

    /** Returns several statements, each ended by a full stop; many go on with the result of the one before. */
    static String statements(int count, Random random) {
        StringBuilder text = new StringBuilder();
        int last = 0;
        for (int i = 0; i < count; i++) {
            int[] drawn = draw(random, random.nextInt(5) < 3 ? last : 0);
            text.append(i == 0 ? "" : " ")
                    .append(statement(drawn[0], (char) drawn[1], drawn[2]))
                    .append('.');
            last = apply(drawn[0], (char) drawn[1], drawn[2]).orElseThrow();
        }
        return text.toString();
    }

    /** Draws left, operator and right; a {@code given} that is not 0 is one of the two. */
    static int[] draw(Random random, int given) {
        char operator = "++--*/".charAt(random.nextInt(6));
        for (int tries = 0; tries < 20; tries++) {
            int left = operand(random, operator);
            int right = operator == '/' ? 1 + random.nextInt(FACTOR) : operand(random, operator);
            if (given > 0) {
                boolean first = operator == '/' || random.nextBoolean();
                left = first ? given : left;
                right = first ? right : given;
            } else if (operator == '/') {
                left = right * (1 + random.nextInt(FACTOR));
            }
            if (apply(left, operator, right).isPresent()) {
                return new int[] {left, operator, right};
            }
        }
        return draw(random, 0);
    }

    private static int operand(Random random, char operator) {
        return operator == '*'
                ? 1 + random.nextInt(FACTOR)
                : 1 + random.nextInt(random.nextBoolean() ? MAXIMUM : MAXIMUM / 2);
    }
}
