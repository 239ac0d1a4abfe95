package org.bonepeft.examples.instruct;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bonepeft.examples.Main;
import org.bonepeft.examples.lm.JsonRows;
import org.bonepeft.examples.lm.JsonRows.Row;
import org.bonepeft.examples.lm.TinyLlama;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bone instruct} as its user meets it. */
class InstructCommandTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    private Path folder;

    private int run(String... args) {
        List<String> all = new ArrayList<>(List.of("instruct"));
        all.addAll(Arrays.asList(args));
        return Main.run(
                all.toArray(String[]::new), new PrintStream(out, true, UTF_8), new PrintStream(err, true, UTF_8));
    }

    private List<Row> generate(String model, String test, String... more) throws IOException {
        Path answers = folder.resolve("answers.jsonl");
        Files.deleteIfExists(answers);
        List<String> args = new ArrayList<>(List.of(
                "generate", "--model", model, "--test", test, "--max-new-tokens", "5", "--out", answers.toString()));
        args.addAll(List.of(more));
        assertThat(run(args.toArray(String[]::new))).as(err.toString(UTF_8)).isZero();
        return JsonRows.read(answers, 1000);
    }

    @Test
    void trainAndGenerate() throws IOException {
        String model = TinyLlama.write(folder.resolve("model"), 256).toString();
        Path data = folder.resolve("data.json");
        Files.writeString(
                data, "[{\"query\": \"Say a.\", \"answer\": \"a\"}, {\"query\": \"Say b.\", \"answer\": \"b\"}]");
        Path adapter = folder.resolve("adapter");
        assertThat(run(
                        "train",
                        "--model",
                        model,
                        "--data",
                        data.toString(),
                        "--rank",
                        "4",
                        "--steps",
                        "2",
                        "--batch-size",
                        "2",
                        "--out",
                        adapter.toString()))
                .as(err.toString(UTF_8))
                .isZero();
        assertThat(adapter).isDirectoryContaining("glob:**/adapter_config.json");
        assertThat(generate(model, data.toString(), "--adapter", adapter.toString()))
                .extracting(row -> row.text("reference"))
                .containsExactly("a", "b");

        Path humanEval = folder.resolve("humaneval.jsonl");
        Files.writeString(humanEval, "{\"task_id\": \"HumanEval/0\", \"prompt\": \"def f():\\n    \"}\n");
        List<Row> completions =
                generate(model, humanEval.toString(), "--samples", "3", "--temperature", "2", "--eval-batch", "1");
        assertThat(completions).hasSize(3).doesNotHaveDuplicates().allSatisfy(row -> assertThat(
                        row.values().keySet())
                .containsExactly("task_id", "completion"));

        Path mtBench = folder.resolve("mtbench.jsonl");
        Files.writeString(
                mtBench,
                "{\"question_id\": 81, \"category\": \"writing\", \"turns\": [\"Say a.\", \"Again.\"]}\n"
                        + "{\"question_id\": 111, \"category\": \"math\", \"turns\": [\"Say b.\", \"Again.\"]}\n");
        List<Row> answers = generate(model, mtBench.toString(), "--model-id", "tiny");
        assertThat(answers).extracting(row -> row.values().get("question_id")).containsExactly(81L, 111L);
        assertThat(answers).allSatisfy(row -> {
            assertThat(row.values().keySet())
                    .containsExactly("question_id", "answer_id", "model_id", "choices", "tstamp");
            assertThat(row.values().get("choices"))
                    .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.LIST)
                    .singleElement()
                    .satisfies(choice -> assertThat((List<?>) ((Map<?, ?>) choice).get("turns"))
                            .hasSize(2));
        });
    }

    @Test
    void wrongUsage_isTold() {
        assertThat(run()).isEqualTo(2);
        assertThat(err.toString(UTF_8)).contains("say train or generate");
        assertThat(run("generate", "--test", "x")).isEqualTo(2);
        assertThat(err.toString(UTF_8)).contains("--out");
        assertThat(run("train", "--data", folder.resolve("gone.json").toString()))
                .isEqualTo(1);
        assertThat(err.toString(UTF_8)).contains("no such file");
    }

    @Test
    void realData_isAnswered() throws IOException {
        Path data = Path.of(System.getProperty("bone.root", "")).resolve("../shared/data");
        assumeThat(data).isDirectory();
        String model = data.resolve("checkpoints/stories260k").toString();
        assertThat(generate(model, data.resolve("humaneval/HumanEval.jsonl").toString(), "--test-limit", "2"))
                .hasSize(2);
        assertThat(generate(model, data.resolve("mtbench/question.jsonl").toString(), "--test-limit", "2"))
                .hasSize(2);
        assertThat(generate(
                        model, data.resolve("instruct/evol-codealpaca-1.json").toString(), "--test-limit", "2"))
                .hasSize(2);
    }
}
