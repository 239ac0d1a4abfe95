package org.bonepeft.examples.minimath;

import java.util.List;
import java.util.Map;
import java.util.Random;

/** The persons and things of a problem. */
record Words(String person, boolean male, String other, String things) {
    private static final List<String> MEN =
            List.of("Tom", "Ben", "Sam", "Max", "Leo", "Paul", "Jack", "Adam", "Omar", "Luis");
    private static final List<String> WOMEN =
            List.of("Anna", "Mia", "Lily", "Sara", "Emma", "Kate", "Rosa", "Nina", "Ella", "Maya");
    private static final List<String> THINGS = List.of(
            "apples",
            "pencils",
            "cards",
            "stamps",
            "shells",
            "marbles",
            "oranges",
            "stickers",
            "balls",
            "toys",
            "cups",
            "buttons",
            "beads",
            "lemons",
            "pears",
            "nuts",
            "kites",
            "dolls",
            "stones",
            "plums");

    static Words draw(Random random) {
        boolean male = random.nextBoolean();
        String person = pick(male ? MEN : WOMEN, random);
        String other = person;
        while (other.equals(person)) {
            other = pick(random.nextBoolean() ? MEN : WOMEN, random);
        }
        return new Words(person, male, other, pick(THINGS, random));
    }

    private static String pick(List<String> words, Random random) {
        return words.get(random.nextInt(words.size()));
    }

    /** Fills the gaps of a text: words, and numbers by the names of their variables. */
    String fill(String text, Map<String, String> numbers) {
        String filled = text.replace("{P}", person)
                .replace("{Q}", other)
                .replace("{t}", things)
                .replace("{he}", male ? "he" : "she")
                .replace("{He}", male ? "He" : "She")
                .replace("{his}", male ? "his" : "her");
        for (Map.Entry<String, String> number : numbers.entrySet()) {
            filled = filled.replace("{" + number.getKey() + "}", number.getValue());
        }
        return filled;
    }
}
