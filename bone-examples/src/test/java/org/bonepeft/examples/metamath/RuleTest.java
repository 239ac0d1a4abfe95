package org.bonepeft.examples.metamath;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Expectations from reading the scorers that the rules are named after. */
class RuleTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "The answer is: 42                         | 42",
                "The answer is: $1,234 in all              | 1234",
                "The answer is: 3. The answer is: 7.       | 7",
                "The answer is: 9/2                        | 4", // Python rounds half to even
                "The answer is: 7/2                        | 4",
                "The answer is: 5/0                        | 5",
                "The answer is: 2.5                        | 2",
                "The answer is: -3                         | -3",
                "The answer is: x = 12 apples              | 12",
                "The answer is: many                       |",
                "The answer is 42                          |",
                "#### 42                                   |",
            })
    void metamath(String text, String answer) {
        assertThat(Rule.METAMATH.answer(text).orElse(null)).isEqualTo(answer);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "The answer is: 42                          | 42",
                "The answer is 42.                          | 42",
                "The final answer is: 1/2                   | 0.5",
                "So #### 7                                  | 7",
                "The answer is: $50%                        | 50",
                "The answer is: 5 apples                    | 5 apples",
                "#### 3 but The answer is: 4                | 4",
                "The final answer is 6!                     | 6",
                "The answer is: 1,234                       | 1,234",
                "forty-two                                  |",
            })
    void peft(String text, String answer) {
        assertThat(Rule.PEFT.answer(text).orElse(null)).isEqualTo(answer);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "#### 42                 | 42",
                "#### -1,234.            | -1234",
                "#### 3 and #### 4       | 3",
                "The answer is: 42       |",
                "####42                  |",
            })
    void strict(String text, String answer) {
        assertThat(Rule.STRICT.answer(text).orElse(null)).isEqualTo(answer);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "She has 3 and then 42.            | 42",
                "It costs $1,234 in all            | 1234",
                "The answer is: -7                 | -7",
                "2.50 dollars                      | 2.50",
                "none at all                       |",
            })
    void flexible(String text, String answer) {
        assertThat(Rule.FLEXIBLE.answer(text).orElse(null)).isEqualTo(answer);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "The answer is: \\frac{1}{2}.       | so \\boxed{0.5}      | true",
                "Hence \\boxed{7}                   | 7                    | true",
                "The answer is: 7                   | \\boxed{8}           | false",
                "7                                  | \\boxed{7}           | false",
            })
    void math(String text, String solution, boolean right) {
        assertThat(Rule.MATH.isRight(text, solution)).isEqualTo(right);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "METAMATH | The answer is: 1234 | so it is 1,234.#### 1,234 | true",
                "METAMATH | The answer is: 18   | The answer is: 18         | true",
                "METAMATH | The answer is: 18   | The answer is: 19         | false",
                "PEFT     | The answer is: 18.0 | #### 18                   | true",
                "PEFT     | The answer is: 36/2 | #### 18                   | true",
                "PEFT     | The answer is: 1234 | #### 1,234                | false", // as that scorer does
                "STRICT   | #### $18            | #### 18                   | false",
                "STRICT   | #### 1234           | x #### 1,234              | true",
                "FLEXIBLE | it is $18.          | x = 3 #### 18             | true",
            })
    void isRight(Rule rule, String text, String solution, boolean right) {
        assertThat(rule.isRight(text, solution)).isEqualTo(right);
    }
}
