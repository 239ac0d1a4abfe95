package org.bonepeft.examples.text;

import java.util.List;
import java.util.stream.Stream;

/** CoLA: is the sentence acceptable English? */
final class Acceptability {
    private static final double ORDER_SHARE = 0.4;
    private static final List<List<Rule>> GROUPS =
            List.of(AgreementRules.rules(), ArgumentRules.rules(), BindingRules.rules());

    static final List<Rule> RULES = Stream.concat(
                    OrderRules.rules().stream(), GROUPS.stream().flatMap(List::stream))
            .toList();

    private Acceptability() {}

    /** A sentence that keeps a rule (label 1) or breaks it (label 0); two of five are about word order. */
    static Example make(Grammar g, String label) {
        List<Rule> group = g.dice.chance(ORDER_SHARE) ? OrderRules.rules() : g.dice.pick(GROUPS);
        Rule rule = g.dice.pick(group);
        return new Example(rule.source(), label, List.of(rule.maker().make(g, label.equals("1"))));
    }
}
