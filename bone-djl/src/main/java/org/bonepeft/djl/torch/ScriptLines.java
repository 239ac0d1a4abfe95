package org.bonepeft.djl.torch;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The lines of a TorchScript method: each names the result of one call. */
final class ScriptLines {
    private static final Pattern VARIABLE = Pattern.compile("\\bv\\d+\\b");

    private final List<Line> lines = new ArrayList<>();
    private final Map<String, String> results = new HashMap<>();

    private record Line(String variable, String call) {}

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
        lines.add(new Line("v" + lines.size(), call));
        return lines.get(lines.size() - 1).variable();
    }

    /** Returns the text of all lines that some results need, and of the line that returns these. */
    String returning(String... results) {
        String last = String.join(", ", results);
        Set<String> needed = new HashSet<>(variables(last));
        List<String> text = new ArrayList<>();
        for (int i = lines.size() - 1; i >= 0; i--) {
            Line line = lines.get(i);
            if (needed.contains(line.variable())) {
                needed.addAll(variables(line.call()));
                text.add(0, "  " + line.variable() + " = " + line.call() + "\n");
            }
        }
        return String.join("", text) + "  return " + (results.length == 1 ? last : "(" + last + ")") + "\n";
    }

    private static List<String> variables(String text) {
        return VARIABLE.matcher(text).results().map(match -> match.group()).toList();
    }
}
