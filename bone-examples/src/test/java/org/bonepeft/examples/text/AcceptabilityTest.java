package org.bonepeft.examples.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AcceptabilityTest {
    private static final int SENTENCES = 300;

    static java.util.List<Rule> rules() {
        return Acceptability.RULES;
    }

    @ParameterizedTest
    @MethodSource("rules")
    void keptAndBrokenRules_giveDifferentSentences(Rule rule) {
        Grammar grammar = new Grammar(new Dice(5), Lexicon.load());
        Set<String> good = new HashSet<>();
        Set<String> bad = new HashSet<>();
        for (int i = 0; i < SENTENCES; i++) {
            good.add(rule.maker().make(grammar, true));
            bad.add(rule.maker().make(grammar, false));
        }
        assertThat(good).hasSizeGreaterThan(SENTENCES * 9 / 10).allMatch(s -> s.matches("[A-Z][A-Za-z', -]+[.?]"));
        assertThat(bad).hasSizeGreaterThan(SENTENCES * 9 / 10).doesNotContainAnyElementsOf(good);
    }
}
