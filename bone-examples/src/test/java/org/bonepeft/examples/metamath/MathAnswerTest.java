package org.bonepeft.examples.metamath;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class MathAnswerTest {
    /** A line of the table of pairs made by hand. */
    record Pair(boolean same, String first, String second) {}

    static List<Pair> pairs() throws IOException {
        try (InputStream in = Objects.requireNonNull(MathAnswerTest.class.getResourceAsStream("math-answers.tsv"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .map(line -> line.split("\t"))
                    .map(cells -> new Pair(cells[0].equals("same"), cells[1], cells[2]))
                    .toList();
        }
    }

    @Test
    void table_isLarge() throws IOException {
        assertThat(pairs()).hasSizeGreaterThanOrEqualTo(150).doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void equivalent_isAsTheTableSays(Pair pair) {
        assertThat(MathAnswer.equivalent(pair.first(), pair.second()))
                .as(MathAnswer.normal(pair.first()) + " | " + MathAnswer.normal(pair.second()))
                .isEqualTo(pair.same());
        assertThat(MathAnswer.equivalent(pair.second(), pair.first())).isEqualTo(pair.same());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "{", "\\frac", "\\frac{1", "1/0", "\\frac{1}{0}", "((((", "\\}", ",,", "\\sqrt", "1e999"})
    void brokenAnswers_areThemselvesAlone(String text) {
        assertThat(MathAnswer.equivalent(text, text)).isTrue();
        assertThat(MathAnswer.equivalent(text, "7")).isFalse();
    }

    @Test
    void boxed_isTheLastOneWithItsBracesBalanced() {
        assertThat(Boxed.last("so \\boxed{1} and \\boxed{\\frac{1}{2}}.")).contains("\\frac{1}{2}");
        assertThat(Boxed.last("\\fbox{3}")).contains("3");
        assertThat(Boxed.last("is \\boxed 7$ then")).contains("7");
        assertThat(Boxed.last("\\boxed{\\{1,2\\}}")).contains("\\{1,2\\}");
        assertThat(Boxed.last("no box")).isEmpty();
        assertThat(Boxed.last("\\boxed{1")).isEmpty();
        assertThat(Boxed.last("\\boxed")).isEmpty();
    }
}
