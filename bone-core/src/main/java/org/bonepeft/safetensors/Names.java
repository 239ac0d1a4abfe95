package org.bonepeft.safetensors;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Tensor names and other strings of a file in messages: such a string can be long, and hold anything. */
public final class Names {
    private static final int LONGEST = 160;
    private static final int NEAREST = 4;

    private Names() {}

    /** Returns the text in quotes, without control characters, and cut if it is long. */
    static String quoted(String text) {
        return "'" + printable(text) + "'";
    }

    /** Returns the text without control and invisible characters, cut if it is long. */
    static String printable(String text) {
        String part = text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "...";
        return part.codePoints()
                .mapToObj(c -> isVisible(c) ? Character.toString(c) : String.format("\\u%04x", c))
                .collect(Collectors.joining());
    }

    private static boolean isVisible(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            default -> true;
        };
    }

    /** Returns whether UTF-8 can hold the text: no half of a surrogate pair stands alone. */
    static boolean isWellFormed(String text) {
        return text.codePoints().noneMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
    }

    /** Says which names are most like one that was not found: those that share the longest beginning and end with it. */
    public static String nearMisses(String name, Collection<String> names) {
        if (names.isEmpty()) {
            return "there are no tensors at all";
        }
        Map<Integer, List<String>> byLikeness = names.stream()
                .collect(Collectors.groupingBy(other -> -shared(name, other), TreeMap::new, Collectors.toList()));
        String nearest = byLikeness.values().stream()
                .flatMap(List::stream)
                .limit(NEAREST)
                .map(Names::quoted)
                .collect(Collectors.joining(", "));
        return "of " + names.size() + " names the nearest are " + nearest;
    }

    private static int shared(String a, String b) {
        int shorter = Math.min(a.length(), b.length());
        int head = 0;
        while (head < shorter && a.charAt(head) == b.charAt(head)) {
            head++;
        }
        int tail = 0;
        while (tail < shorter - head && a.charAt(a.length() - 1 - tail) == b.charAt(b.length() - 1 - tail)) {
            tail++;
        }
        return head + tail;
    }
}
