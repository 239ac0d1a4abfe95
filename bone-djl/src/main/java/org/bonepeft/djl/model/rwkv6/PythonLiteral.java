package org.bonepeft.djl.model.rwkv6;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Python's {@code repr} of a {@code str}, which stands for its UTF-8 bytes, or of {@code bytes}. */
final class PythonLiteral {
    private PythonLiteral() {}

    /**
     * Returns the bytes of a literal.
     *
     * @throws IllegalArgumentException if it is none
     */
    static byte[] bytes(String literal) {
        boolean raw = literal.startsWith("b");
        int begin = raw ? 1 : 0;
        char quote = literal.charAt(begin);
        int end = literal.length() - 1;
        if ((quote != '\'' && quote != '"') || end <= begin || literal.charAt(end) != quote) {
            throw new IllegalArgumentException("no quotes around " + literal);
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        StringBuilder text = new StringBuilder();
        for (int i = begin + 1; i < end; ) {
            int value = literal.codePointAt(i);
            i += Character.charCount(value);
            if (value == quote) {
                throw new IllegalArgumentException("a quote inside " + literal);
            }
            if (value == '\\') {
                char kind = literal.charAt(i++);
                int digits =
                        switch (kind) {
                            case 'x' -> 2;
                            case 'u' -> 4;
                            case 'U' -> 8;
                            default -> 0;
                        };
                value = digits == 0 ? simple(kind) : Integer.parseInt(literal, i, Math.min(i + digits, end), 16);
                i += digits;
            }
            if (raw) {
                bytes.write(value);
            } else {
                text.appendCodePoint(value);
            }
        }
        return raw ? bytes.toByteArray() : text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static int simple(char kind) {
        return switch (kind) {
            case 'n' -> '\n';
            case 't' -> '\t';
            case 'r' -> '\r';
            case '\\', '\'', '"' -> kind;
            default -> throw new IllegalArgumentException("the escape \\" + kind + " is unknown");
        };
    }
}
