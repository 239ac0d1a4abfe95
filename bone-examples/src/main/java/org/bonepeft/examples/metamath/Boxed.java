package org.bonepeft.examples.metamath;

import java.util.Optional;

/** {@code \boxed{answer}} in LaTeX. */
final class Boxed {
    private Boxed() {}

    /** Returns what is in the last {@code \boxed{..}} or {@code \fbox{..}}, braces within it balanced, or after {@code \boxed }. */
    static Optional<String> last(String text) {
        int at = Math.max(text.lastIndexOf("\\boxed"), text.lastIndexOf("\\fbox"));
        if (at < 0) {
            return Optional.empty();
        }
        int open = text.indexOf('x', at + 4) + 1;
        open = text.startsWith("\\boxed", at) ? at + "\\boxed".length() : open;
        if (open < text.length() && text.charAt(open) == ' ') {
            return Optional.of(text.substring(open + 1).split("[$\\s]", 2)[0]);
        }
        if (open >= text.length() || text.charAt(open) != '{') {
            return Optional.empty();
        }
        int depth = 0;
        for (int i = open; i < text.length(); i++) {
            char c = text.charAt(i);
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            if (depth == 0) {
                return Optional.of(text.substring(open + 1, i));
            }
        }
        return Optional.empty();
    }
}
