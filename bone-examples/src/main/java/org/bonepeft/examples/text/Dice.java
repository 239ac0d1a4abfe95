package org.bonepeft.examples.text;

import java.util.Collections;
import java.util.List;
import java.util.Random;

/** The generator's only source of chance: the same seed gives the same choices on every JVM. */
final class Dice {
    private final Random random;

    Dice(long seed) {
        random = new Random(seed);
    }

    /** A number from 0 to {@code bound - 1}. */
    int below(int bound) {
        return random.nextInt(bound);
    }

    boolean chance(double probability) {
        return random.nextDouble() < probability;
    }

    boolean coin() {
        return random.nextBoolean();
    }

    <T> T pick(List<T> choices) {
        return choices.get(below(choices.size()));
    }

    @SafeVarargs
    final <T> T pick(T... choices) {
        return choices[below(choices.length)];
    }

    /** A choice other than {@code unwanted}; {@code choices} must hold one. */
    <T> T other(List<T> choices, T unwanted) {
        T choice = pick(choices);
        while (choice.equals(unwanted)) {
            choice = pick(choices);
        }
        return choice;
    }

    /** The list itself, its elements in random order. */
    <T> List<T> shuffled(List<T> list) {
        Collections.shuffle(list, random);
        return list;
    }
}
