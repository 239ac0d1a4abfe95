package org.bonepeft.examples.minimath;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Arithmetic statements in words, as "7 more than 12 is 12+7=19", and small equations. */
final class Spoken {
    /** By operator, sentences with {@code {a}} and {@code {b}} for the operands. */
    private static final Map<Character, List<String>> PHRASES = Map.of(
            '+',
                    List.of(
                            "{a} and {b} together are",
                            "{b} more than {a} is",
                            "the sum of {a} and {b} is",
                            "the total of {a} and {b} is",
                            "{a} and then {b} more are"),
            '-',
                    List.of(
                            "{b} less than {a} is",
                            "{b} fewer than {a} is",
                            "{a} without {b} is",
                            "{b} taken from {a} is",
                            "what is left of {a} after {b} is"),
            '*',
                    List.of(
                            "{a} times {b} is",
                            "{a} groups of {b} are",
                            "{a} with {b} each are",
                            "{b} in each of {a} is",
                            "the product of {a} and {b} is"),
            '/',
                    List.of(
                            "{a} shared among {b} is",
                            "{a} put into {b} equal groups is",
                            "{a} into groups of {b} is",
                            "the number of {b} in {a} is"));

    private static final List<String> NAMES = List.of(
            "Tom", "Ben", "Sam", "Max", "Leo", "Anna", "Mia", "Lily", "Sara", "Emma", "apples", "pens", "books",
            "cookies");

    private Spoken() {}

    /** Returns several sentences, about numbers or with one of them unknown. */
    static String sentences(int count, Random random) {
        List<String> sentences = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int[] drawn = Arithmetic.draw(random, 0);
            sentences.add(random.nextInt(3) == 0 ? unknown(drawn, random) : said(drawn, random));
        }
        return String.join(" ", sentences);
    }

    private static String phrase(char operator, String left, String right, Random random) {
        List<String> phrases = PHRASES.getOrDefault(operator, List.of());
        String phrase =
                phrases.get(random.nextInt(phrases.size())).replace("{a}", left).replace("{b}", right);
        return Character.toUpperCase(phrase.charAt(0)) + phrase.substring(1);
    }

    private static String said(int[] drawn, Random random) {
        char operator = (char) drawn[1];
        if (drawn[2] == 2 && operator == '*') {
            return "Twice " + drawn[0] + " is " + Arithmetic.statement(drawn[0], '*', 2) + ".";
        }
        if (drawn[2] == 2 && operator == '/') {
            return "Half of " + drawn[0] + " is " + Arithmetic.statement(drawn[0], '/', 2) + ".";
        }
        return phrase(operator, "" + drawn[0], "" + drawn[2], random) + " "
                + Arithmetic.statement(drawn[0], operator, drawn[2]) + ".";
    }

    /** An equation and what x is. */
    private static String unknown(int[] drawn, Random random) {
        boolean left = random.nextBoolean();
        char operator = (char) drawn[1];
        int result = Arithmetic.apply(drawn[0], operator, drawn[2]).orElseThrow();
        String equation = phrase(operator, left ? "x" : "" + drawn[0], left ? "" + drawn[2] : "x", random);
        return equation + " " + result + ". So x is " + Arithmetic.undo(drawn[0], operator, drawn[2], left) + ".";
    }

    /** Numbers of several names, and what two of them make. */
    static String aboutNames(Random random) {
        List<String> names = new ArrayList<>(NAMES);
        Collections.shuffle(names, random);
        List<String> sentences = new ArrayList<>();
        List<String> facts = new ArrayList<>();
        for (int i = 0; i < 3; i += 2) {
            int[] drawn = Arithmetic.draw(random, 0);
            facts.add(names.get(i) + ": " + drawn[0] + ".");
            facts.add(names.get(i + 1) + ": " + drawn[2] + ".");
            sentences.add(phrase((char) drawn[1], names.get(i), names.get(i + 1), random) + " "
                    + Arithmetic.statement(drawn[0], (char) drawn[1], drawn[2]) + ".");
        }
        Collections.shuffle(facts, random);
        return String.join(" ", facts) + " " + String.join(" ", sentences);
    }

    /** Returns reckonings with the numbers of a problem, none of which is a step from its variables to the answer or back. */
    static String beside(Problem problem, Random random) {
        List<String> statements = new ArrayList<>();
        List<Integer> numbers = new ArrayList<>(problem.values().values());
        int wanted = 1 + random.nextInt(4);
        for (int tries = 0; tries < 60 && statements.size() < wanted; tries++) {
            int left = numbers.get(random.nextInt(numbers.size()));
            int right = numbers.get(random.nextInt(numbers.size()));
            char operator = "+-*/".charAt(random.nextInt(4));
            boolean step = problem.schema().steps().stream().anyMatch(each -> problem.isStep(each, left, right));
            if (!step && Arithmetic.apply(left, operator, right).isPresent()) {
                statements.add(Arithmetic.statement(left, operator, right) + ".");
                numbers.add(Arithmetic.apply(left, operator, right).orElseThrow());
            }
        }
        return statements.isEmpty() ? Arithmetic.statements(wanted, random) : String.join(" ", statements);
    }
}
