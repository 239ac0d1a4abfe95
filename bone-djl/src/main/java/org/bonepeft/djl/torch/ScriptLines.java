package org.bonepeft.djl.torch;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** The lines of a TorchScript method: each names the result of one call. */
final class ScriptLines {
    private final StringBuilder text = new StringBuilder();
    private final Map<String, String> results = new HashMap<>();
    private int variables;

    /** Adds a line and returns its variable. */
    String add(String function, Object... arguments) {
        return add(call(function, arguments));
    }

    /** Returns the variable of the line that makes the same call already, or adds one. */
    String addOnce(String function, Object... arguments) {
        return results.computeIfAbsent(call(function, arguments), this::add);
    }

    /** Adds a line that takes an element of a list, and returns its variable. */
    String element(String list, int index) {
        return add(list + "[" + index + "]");
    }

    private static String call(String function, Object... arguments) {
        return Arrays.stream(arguments).map(Object::toString).collect(Collectors.joining(", ", function + "(", ")"));
    }

    private String add(String call) {
        String variable = "v" + variables++;
        text.append("  ").append(variable).append(" = ").append(call).append('\n');
        return variable;
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
