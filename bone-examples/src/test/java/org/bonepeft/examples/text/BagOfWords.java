package org.bonepeft.examples.text;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/** Logistic regression on which words a sentence has: what can be told without looking at their order. */
final class BagOfWords {
    private static final int EPOCHS = 30;
    private static final double RATE = 0.1;
    private static final double DECAY = 1e-4;

    private final Map<String, Double> weights = new HashMap<>();
    private double bias;

    BagOfWords(List<Example> examples) {
        List<Example> order = new ArrayList<>(examples);
        Random random = new Random(0);
        for (int epoch = 0; epoch < EPOCHS; epoch++) {
            Collections.shuffle(order, random);
            for (Example example : order) {
                double error = target(example) - 1 / (1 + Math.exp(-logit(example)));
                bias += RATE * error;
                words(example).forEach(w -> weights.merge(w, RATE * error, (old, d) -> old * (1 - DECAY) + d));
            }
        }
    }

    private static double target(Example example) {
        return example.label().equals("1") ? 1 : 0;
    }

    private static List<String> words(Example example) {
        return List.of(
                String.join(" ", example.sentences()).toLowerCase(Locale.ROOT).split("[^a-z]+"));
    }

    private double logit(Example example) {
        return bias
                + words(example).stream()
                        .mapToDouble(w -> weights.getOrDefault(w, 0.0))
                        .sum();
    }

    /** Matthews correlation of its guesses. */
    double matthews(List<Example> examples) {
        double[][] table = new double[2][2];
        for (Example example : examples) {
            table[(int) target(example)][logit(example) > 0 ? 1 : 0]++;
        }
        double product = (table[1][1] + table[1][0])
                * (table[1][1] + table[0][1])
                * (table[0][0] + table[1][0])
                * (table[0][0] + table[0][1]);
        return (table[1][1] * table[0][0] - table[0][1] * table[1][0]) / Math.sqrt(product);
    }
}
