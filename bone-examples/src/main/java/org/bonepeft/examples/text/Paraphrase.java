package org.bonepeft.examples.text;

import java.util.List;

/** MRPC: do two sentences say the same? */
final class Paraphrase {
    private Paraphrase() {}

    /** Two ways to say a clause (label 1), or a clause and a near miss (label 0). */
    static Example make(Grammar g, String label) {
        Variation variation = new Variation(g);
        Clause clause = variation.material();
        Clause meant = label.equals("1") ? clause : variation.nearMiss(clause);
        if (!label.equals("1") && meant.equals(clause)) {
            return make(g, label);
        }
        Clause other = g.dice.chance(0.6) ? variation.reworded(meant) : meant;
        String first = Text.sentence(variation.say(clause), ".");
        String second = Text.sentence(variation.say(other), ".");
        return first.equals(second) ? make(g, label) : new Example("rewrite", label, List.of(first, second));
    }
}
