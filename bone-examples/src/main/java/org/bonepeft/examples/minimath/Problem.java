package org.bonepeft.examples.minimath;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A schema with words and numbers.
 *
 * @param values of the variables and of the results of the steps
 */
record Problem(Schema schema, Words words, Map<String, Integer> values) {
    private static final String UNKNOWN = "x";

    static Problem draw(Schema schema, Random random) {
        return new Problem(schema, Words.draw(random), schema.draw(random));
    }

    /** What two problems of the same schema and the same numbers share. */
    String key() {
        return schema.name() + values;
    }

    int answer() {
        return values.getOrDefault(schema.last().result(), 0);
    }

    /** The text with its gaps filled. */
    String fill(String text) {
        return words.fill(text, numbers());
    }

    private Map<String, String> numbers() {
        Map<String, String> numbers = new LinkedHashMap<>();
        values.forEach((name, value) -> numbers.put(name, value.toString()));
        return numbers;
    }

    /** The text with its gaps filled, x for one variable. */
    String hide(String text, String variable) {
        Map<String, String> numbers = numbers();
        numbers.put(variable, UNKNOWN);
        return words.fill(text, numbers);
    }

    String question() {
        return fill(schema.story() + " " + schema.ask());
    }

    String rephrased() {
        return fill(schema.rephrased());
    }

    /** The outcome as a statement, a number of the story unknown (self-verification, Weng et al. 2022). */
    String selfVerification(String variable) {
        return hide(schema.story() + " " + schema.end(), variable) + " What is the value of unknown variable x?";
    }

    /** The question with a number unknown and its answer told (Jiang et al. 2023). */
    String fobar(String variable) {
        return hide(schema.story() + " " + schema.ask(), variable) + " If we know the answer to the above question is "
                + answer() + ", what is the value of unknown variable x?";
    }

    /** The steps in sentences. */
    String solution() {
        return String.join(
                        " ",
                        schema.steps().stream()
                                .map(step -> fill(step.sentence()).replace("{=}", statement(step)))
                                .toList())
                + conclusion(answer());
    }

    /** The steps as bare reckonings. */
    String briefSolution() {
        List<String> lines = new ArrayList<>();
        for (Step step : schema.steps()) {
            lines.add("Step " + (lines.size() + 1) + ": " + statement(step) + ".");
        }
        return String.join(" ", lines) + conclusion(answer());
    }

    private String statement(Step step) {
        return Arithmetic.statement(operand(step.left()), step.operator(), operand(step.right()));
    }

    /** Whether a step, or what undoes it, is about two numbers. */
    boolean isStep(Step step, int first, int second) {
        List<Integer> all = List.of(operand(step.left()), operand(step.right()), operand(step.result()));
        return all.contains(first) && all.contains(second);
    }

    private int operand(String name) {
        return Schema.value(name, values);
    }

    /** Finds a variable from the answer: first what does not need it, then back from the answer step by step. */
    String inverseSolution(String variable) {
        List<Step> path = schema.path(variable);
        List<String> lines = new ArrayList<>();
        schema.steps().stream().filter(step -> !path.contains(step)).forEach(step -> lines.add(statement(step) + "."));
        for (int i = path.size() - 1; i >= 0; i--) {
            String wanted = i == 0 ? variable : path.get(i - 1).result();
            Step step = path.get(i);
            lines.add((i == 0 ? "So x is " : "")
                    + Arithmetic.undo(
                            operand(step.left()),
                            step.operator(),
                            operand(step.right()),
                            step.left().equals(wanted))
                    + ".");
        }
        return String.join(" ", lines) + conclusion(operand(variable));
    }

    private static String conclusion(int answer) {
        return "\nThe answer is: " + answer;
    }
}
