package org.bonepeft.examples.text;

import java.util.List;
import java.util.stream.Stream;

/** CoLA: is the sentence acceptable English? */
final class Acceptability {
    static final List<Rule> RULES = Stream.of(
                    AgreementRules.rules(), ArgumentRules.rules(), OrderRules.rules(), BindingRules.rules())
            .flatMap(List::stream)
            .toList();

    private Acceptability() {}

    /** A sentence that keeps a rule (label 1) or breaks it (label 0). */
    static Example make(Grammar g, String label) {
        Rule rule = g.dice.pick(RULES);
        return new Example(rule.source(), label, List.of(rule.maker().make(g, label.equals("1"))));
    }
}
