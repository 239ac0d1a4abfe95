package org.bonepeft.examples.minimath;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bonepeft.examples.minimath.MiniMetaMath.Row;
import org.junit.jupiter.api.Test;

class MiniMetaMathTest {
    private static final Pattern STATEMENT = Pattern.compile("(\\d+)([-+*/])(\\d+)=(\\d+)");
    private static final Pattern NUMBERS = Pattern.compile("\\b(\\d+|x)\\b");

    private final MiniMetaMath data = new MiniMetaMath(1);

    @Test
    void schemas_areManyAndTenAreUnseen() {
        List<Schema> schemas = Schema.all();
        assertThat(schemas.stream().filter(schema -> !schema.unseen())).hasSizeGreaterThanOrEqualTo(60);
        assertThat(schemas.stream().filter(Schema::unseen)).hasSize(10);
        assertThat(schemas).extracting(Schema::name).doesNotHaveDuplicates();
        assertThat(schemas).allSatisfy(schema -> {
            assertThat(schema.askable()).as(schema.name()).isNotEmpty();
            assertThat(Stream.of(schema.story(), schema.ask(), schema.end(), schema.rephrased()))
                    .as(schema.name())
                    .noneMatch(String::isBlank);
        });
    }

    @Test
    void everyText_hasItsGapsFilled() {
        assertThat(all()).allSatisfy(row -> assertThat(row.query() + row.response())
                .doesNotContain("{", "}")
                .doesNotContainPattern("\\b1 [a-z]+s\\b"));
    }

    /** Reckons every statement afresh, and follows the answer back to the last of them. */
    @Test
    void everyResponse_isRightAndEndsInItsAnswer() {
        assertThat(all()).allSatisfy(row -> {
            Matcher statement = STATEMENT.matcher(row.response());
            int last = -1;
            while (statement.find()) {
                int left = Integer.parseInt(statement.group(1));
                int right = Integer.parseInt(statement.group(3));
                last = Integer.parseInt(statement.group(4));
                assertThat((double) last)
                        .as(row.response())
                        .isEqualTo(
                                switch (statement.group(2)) {
                                    case "+" -> left + right;
                                    case "-" -> left - right;
                                    case "*" -> left * right;
                                    default -> (double) left / right;
                                });
            }
            assertThat(row.response()).endsWith("\nThe answer is: " + last);
        });
    }

    /** With x replaced by the answer, the original question's own answer must come out. */
    @Test
    void unknown_isTheNumberThatTheOriginalQuestionTells() {
        assertThat(all().filter(row -> row.type().equals("GSM_FOBAR"))).allSatisfy(row -> {
            String answer = row.response().substring(row.response().lastIndexOf(' ') + 1);
            String asked = row.query().substring(0, row.query().indexOf(" If we know"));
            assertThat(NUMBERS.matcher(asked).replaceAll(hit -> hit.group().equals("x") ? answer : hit.group()))
                    .isEqualTo(row.original_question());
        });
    }

    @Test
    void types_areEquallyFrequent() {
        for (String type : List.of("GSM_AnsAug", "GSM_Rephrased", "GSM_SV", "GSM_FOBAR")) {
            assertThat(data.train().stream().filter(row -> row.type().equals(type)))
                    .hasSize(data.train().size() / 4);
            assertThat(data.test().stream().filter(row -> row.type().equals(type)))
                    .hasSize(data.test().size() / 4);
            assertThat(data.testUnseen().stream().filter(row -> row.type().equals(type)))
                    .hasSize(data.testUnseen().size() / 4);
        }
    }

    @Test
    void testNumbers_areInNoTrainingProblemOfTheSameSchema() {
        Set<String> trained = new HashSet<>();
        data.train().forEach(row -> trained.add(shape(row)));
        assertThat(data.test()).noneMatch(row -> trained.contains(shape(row)));
    }

    /** The question without persons and things, which stand where the words differ. */
    private static String shape(Row row) {
        return Arrays.stream(row.original_question().split(" "))
                .filter(word ->
                        !Character.isUpperCase(word.charAt(0)) && !word.matches("[a-z]{4,7}s[.?,]?|she|he|her|his"))
                .reduce("", (text, word) -> text + " " + word);
    }

    @Test
    void sameSeed_givesTheSameRows() {
        assertThat(new MiniMetaMath(1).train()).isEqualTo(data.train());
        assertThat(new MiniMetaMath(2).train()).isNotEqualTo(data.train());
    }

    private Stream<Row> all() {
        return Stream.of(data.train(), data.test(), data.testUnseen()).flatMap(List::stream);
    }

    @Test
    void arithmeticStatements_areRight() {
        String text = Arithmetic.statements(5000, new Random(1));
        assertThat(text.split(" ")).hasSize(5000).allSatisfy(statement -> {
            Matcher parts = STATEMENT.matcher(statement);
            assertThat(parts.find()).as(statement).isTrue();
            int left = Integer.parseInt(parts.group(1));
            int right = Integer.parseInt(parts.group(3));
            int result = Integer.parseInt(parts.group(4));
            assertThat(statement).isEqualTo("" + left + parts.group(2) + right + "=" + result + ".");
            assertThat(left)
                    .isEqualTo(
                            switch (parts.group(2)) {
                                case "+" -> result - right;
                                case "-" -> result + right;
                                case "*" -> result / right;
                                default -> result * right;
                            });
        });
    }

    /** The text to pre-train on never answers a problem. */
    @Test
    void corpus_hasNoAnswers() {
        MathCorpus corpus = new MathCorpus(1);
        List<String> documents = Stream.generate(corpus).limit(5000).toList();
        assertThat(documents).noneMatch(text -> text.matches("(?s).*The answer is: \\d.*"));
        assertThat(documents.stream().flatMap(text -> STATEMENT.matcher(text).results()))
                .hasSizeGreaterThan(10_000);
        assertThat(Stream.generate(new MathCorpus(1)).limit(5000).toList()).isEqualTo(documents);
    }

    /** Reckonings beside a problem are its steps by chance at most: where its numbers make no others, they are drawn. */
    @Test
    void reckoningsBesideAProblem_areNotItsSteps() {
        Random random = new Random(1);
        int met = 0;
        for (Schema schema : Schema.all()) {
            for (int i = 0; i < 20; i++) {
                Problem problem = Problem.draw(schema, random);
                List<String> beside = statements(Spoken.beside(problem, random));
                Stream<String> steps = Stream.concat(
                        Stream.of(problem.solution()), schema.askable().stream().map(problem::inverseSolution));
                met += steps.flatMap(text -> statements(text).stream()).anyMatch(beside::contains) ? 1 : 0;
            }
        }
        assertThat(met).isLessThan(20 * Schema.all().size() / 100);
    }

    private static List<String> statements(String text) {
        return STATEMENT.matcher(text).results().map(result -> result.group()).toList();
    }
}
