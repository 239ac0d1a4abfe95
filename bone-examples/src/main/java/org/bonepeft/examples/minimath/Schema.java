package org.bonepeft.examples.minimath;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * A kind of word problem: texts with gaps, and how its answer is reckoned.
 *
 * @param unseen whether no training file has it
 * @param variables the lowest and the highest value of each
 * @param story what is known
 * @param ask the question after the story
 * @param end the outcome as a statement
 * @param rephrased story and question in other words
 * @param steps the last one's result is the answer
 */
record Schema(
        String name,
        boolean unseen,
        Map<String, int[]> variables,
        String story,
        String ask,
        String end,
        String rephrased,
        List<Step> steps) {
    private static final String FILE = "schemas.txt";

    /** Returns all schemas of the resource, in its order. */
    static List<Schema> all() {
        try (InputStream in = Schema.class.getResourceAsStream(FILE)) {
            if (in == null) {
                throw new IllegalStateException(FILE + " is missing beside " + Schema.class);
            }
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return Arrays.stream(text.split("\n\\[")).skip(1).map(Schema::parse).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Schema parse(String text) {
        String[] title = text.substring(0, text.indexOf(']')).split(" ", -1);
        Map<String, String> lines = new LinkedHashMap<>();
        Map<String, int[]> variables = new LinkedHashMap<>();
        List<Step> steps = new ArrayList<>();
        for (String line : text.lines().skip(1).filter(line -> !line.isBlank()).toList()) {
            String[] words = line.split(" ", -1);
            String rest = line.substring(words[0].length() + 1);
            if (words[1].equals("=")) {
                String sentence = line.substring(line.indexOf('|') + 2);
                steps.add(new Step(words[0], words[2], words[3].charAt(0), words[4], sentence));
            } else if (words[0].equals("let")) {
                Arrays.stream(rest.split(" "))
                        .map(range -> range.split("=|\\.\\."))
                        .forEach(range -> variables.put(
                                range[0], new int[] {Integer.parseInt(range[1]), Integer.parseInt(range[2])}));
            } else {
                lines.put(words[0], rest);
            }
        }
        return new Schema(
                title[0],
                title.length > 1,
                variables,
                lines.getOrDefault("story", ""),
                lines.getOrDefault("ask", ""),
                lines.getOrDefault("end", ""),
                lines.getOrDefault("re", ""),
                steps);
    }

    /** The step whose result is the answer. */
    Step last() {
        return steps.get(steps.size() - 1);
    }

    /** Draws values of the variables such that every step can be reckoned; returns those of the steps too. */
    Map<String, Integer> draw(Random random) {
        while (true) {
            Map<String, Integer> values = new LinkedHashMap<>();
            variables.forEach(
                    (variable, range) -> values.put(variable, range[0] + random.nextInt(range[1] - range[0] + 1)));
            if (reckon(values) && !values.containsValue(1)) { // "1 apples" would be no English
                return values;
            }
        }
    }

    private boolean reckon(Map<String, Integer> values) {
        for (Step step : steps) {
            var result = Arithmetic.apply(value(step.left(), values), step.operator(), value(step.right(), values));
            if (result.isEmpty()) {
                return false;
            }
            values.put(step.result(), result.getAsInt());
        }
        return true;
    }

    /** The value of a name, or of a number in digits. */
    static int value(String operand, Map<String, Integer> values) {
        return Optional.ofNullable(values.get(operand)).orElseGet(() -> Integer.parseInt(operand));
    }

    /** The variables that can be found from the answer: those on one path to it. */
    List<String> askable() {
        return variables.keySet().stream().filter(name -> !path(name).isEmpty()).toList();
    }

    /** The steps from a variable to the answer, each using the result of the one before; none if there are several. */
    List<Step> path(String variable) {
        List<Step> path = new ArrayList<>();
        String name = variable;
        while (!name.equals(last().result())) {
            String wanted = name;
            List<Step> users = steps.stream().filter(step -> step.uses(wanted)).toList();
            if (users.size() != 1 || users.get(0).left().equals(users.get(0).right())) {
                return List.of();
            }
            path.add(users.get(0));
            name = users.get(0).result();
        }
        return path;
    }
}
