package org.bonepeft.safetensors;

import java.util.Collection;
import java.util.Comparator;
import java.util.stream.Collectors;

/** The names most like one that was not found: those that share the longest beginning and end with it. */
public final class NearMisses {
    private static final int SHOWN = 4;

    private NearMisses() {}

    /** Returns the end of a message: how many names there are and which of them are most like {@code name}. */
    public static String of(String name, Collection<String> names) {
        if (names.isEmpty()) {
            return "there are no tensors at all";
        }
        String nearest = names.stream()
                .sorted(Comparator.comparingInt(other -> -shared(name, other)))
                .limit(SHOWN)
                .map(other -> "'" + other + "'")
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
