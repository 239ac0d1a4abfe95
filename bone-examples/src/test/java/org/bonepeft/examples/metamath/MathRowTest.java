package org.bonepeft.examples.metamath;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bonepeft.BoneException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MathRowTest {
    @TempDir
    private Path folder;

    @Test
    void layouts_areKnownByTheirKeys() throws IOException {
        Path file = folder.resolve("rows.jsonl");
        Files.writeString(file, """
                {"query": "q", "response": "r", "original_question": "o", "type": "GSM_SV"}
                {"question": "q", "answer": "2 #### 2"}
                {"problem": "p", "solution": "\\\\boxed{3}", "level": "Level 1", "type": "Algebra"}
                {"problem": "p\\nPlease reason step by step, and put your final answer within \\\\boxed{}.", "answer": "3"}
                """);
        assertThat(MathRow.read(file, 10))
                .containsExactly(
                        new MathRow("q", "r", "GSM_SV"),
                        new MathRow("q", "2 #### 2", "GSM8K"),
                        new MathRow("p", "\\boxed{3}", "MATH Algebra"),
                        new MathRow("p", "3", "MATH"));
        Files.writeString(file, "{\"text\": \"t\"}");
        assertThatThrownBy(() -> MathRow.read(file, 10))
                .isInstanceOf(BoneException.class)
                .hasMessageContainingAll("line 1", "query and response", "[text]");
    }

    /** Every reference is found by the rules for it, and each solution is right by its own answer. */
    @Test
    void realData_isReadAndScoresItself() throws IOException {
        Path data = Path.of(System.getProperty("bone.root", "")).resolve("../shared/data");
        assumeThat(data).isDirectory();
        List<MathRow> gsm = MathRow.read(data.resolve("gsm8k/test.jsonl"), 5000);
        List<MathRow> metamath = MathRow.read(data.resolve("metamath/metamath_format_sample.json"), 5000);
        List<MathRow> math = MathRow.read(data.resolve("math/math500_test.jsonl"), 5000);
        assertThat(gsm).hasSize(1319);
        assertThat(metamath).hasSize(1000);
        assertThat(math).hasSize(500);
        assertThat(MathRow.read(data.resolve("metamath/GSM8K_test.jsonl"), 5000))
                .extracting(MathRow::query)
                .isEqualTo(gsm.stream().map(MathRow::query).toList());
        for (Rule rule : List.of(Rule.PEFT, Rule.STRICT, Rule.FLEXIBLE)) {
            assertThat(gsm).allMatch(row -> rule.isRight(row.response(), row.response()));
        }
        assertThat(metamath)
                .filteredOn(row -> !Rule.METAMATH.isRight(row.response(), row.response()))
                .as("MetaMath's pattern takes 1,234,567 for 1,234")
                .hasSizeLessThan(3);
        assertThat(math).allMatch(row -> Rule.MATH.isRight("The answer is: " + row.response() + ".\n", row.response()));
        assertThat(math).allMatch(row -> Rule.MATH.isRight("so \\boxed{" + row.response() + "}.", row.response()));
    }
}
