package org.bonepeft.examples.metamath;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Grouping;
import org.bonepeft.examples.Main;
import org.bonepeft.examples.lm.JsonRows;
import org.bonepeft.examples.lm.TinyLlama;
import org.bonepeft.peft.PeftAdapter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bone metamath} as its user meets it: options in, exit code, text and files out. */
class MetaMathCommandTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    private Path folder;

    private int run(String... args) {
        List<String> all = new ArrayList<>(List.of("metamath"));
        all.addAll(Arrays.asList(args));
        return Main.run(
                all.toArray(String[]::new), new PrintStream(out, true, UTF_8), new PrintStream(err, true, UTF_8));
    }

    private void assertDone(int code) {
        assertThat(code).as(err.toString(UTF_8)).isZero();
    }

    private void assertRefused(int code, String... parts) {
        assertThat(code).as(out.toString(UTF_8)).isNotZero();
        assertThat(err.toString(UTF_8)).contains(parts).doesNotContain("\tat ");
    }

    private String tiny() {
        return TinyLlama.write(folder.resolve("model"), 256).toString();
    }

    @Test
    void bundledModel_comparesMethodsOfEqualSize() throws IOException {
        Path results = folder.resolve("results");
        assertDone(run(
                "--method",
                "bone,bat-row,lora,pissa",
                "--steps",
                "2",
                "--limit",
                "40",
                "--test-limit",
                "6",
                "--max-new-tokens",
                "8",
                "--out",
                results.toString()));
        assertThat(out.toString(UTF_8))
                .contains("40 rows to train on", "0 were cut to 512 tokens")
                .containsPattern("method +trainable +share +loss +test before +after +test-unseen before +after")
                .containsPattern("(?m)^bone r=16 +102,400 ")
                .containsPattern("(?m)^bat-row r=16 +\\d+,\\d+ ")
                .containsPattern("(?m)^lora r=9 +106,560 ")
                .containsPattern("(?m)^pissa r=9 +106,560 ")
                .contains("GSM_FOBAR");
        assertThat(results.resolve("loss.png")).isNotEmptyFile();
        assertThat(JsonRows.read(results.resolve("before-test.jsonl"), 100))
                .hasSize(6)
                .allSatisfy(row -> assertThat(row.values()).containsKeys("query", "reference", "generation", "scores"));
        assertThat(PeftAdapter.read(results.resolve("bat-row")).config().method())
                .isEqualTo(new Bat(16, Grouping.ROW));
    }

    @Test
    void train_thenEvalAndChat() throws IOException {
        String model = tiny();
        Path adapter = folder.resolve("adapter");
        assertDone(run(
                "train",
                "--model",
                model,
                "--rank",
                "4",
                "--steps",
                "3",
                "--limit",
                "30",
                "--pack",
                "200",
                "--loss",
                "all",
                "--prompt",
                "paper",
                "--out",
                adapter.toString()));
        assertThat(out.toString(UTF_8)).contains("30 rows to train on", "packed into", "bone r=4");
        Path answers = folder.resolve("answers");
        assertDone(run(
                "eval",
                "--model",
                model,
                "--adapter",
                adapter.toString(),
                "--test-limit",
                "8",
                "--max-new-tokens",
                "6",
                "--out",
                answers.toString()));
        assertThat(out.toString(UTF_8))
                .containsPattern("problems +number +metamath +peft")
                .contains("without an end");
        assertThat(answers.resolve("test-unseen.jsonl")).isNotEmptyFile();

        InputStream before = System.in;
        System.setIn(new ByteArrayInputStream("How many?\n\n".getBytes(UTF_8)));
        try {
            out.reset();
            assertDone(run("chat", "--model", model, "--adapter", adapter.toString(), "--max-new-tokens", "5"));
            assertThat(out.toString(UTF_8)).endsWith("\n");
        } finally {
            System.setIn(before);
        }
    }

    @Test
    void sameSeed_trainsTheSame() throws IOException {
        String model = tiny();
        for (String name : List.of("one", "two")) {
            assertDone(run(
                    "train",
                    "--model",
                    model,
                    "--rank",
                    "4",
                    "--steps",
                    "2",
                    "--limit",
                    "30",
                    "--out",
                    folder.resolve(name).toString()));
        }
        assertThat(Files.mismatch(
                        folder.resolve("one/adapter_model.safetensors"),
                        folder.resolve("two/adapter_model.safetensors")))
                .isEqualTo(-1);
    }

    @Test
    void badInput_isNamed() throws IOException {
        String model = tiny();
        Path data = folder.resolve("data.jsonl");
        Files.writeString(data, "{\"query\": \"q\", \"response\": \"r\"}\n{\"query\": \n");
        assertRefused(run("train", "--model", model, "--data", data.toString()), "data.jsonl, line 2");
        Files.writeString(data, "{\"query\": \"q\", \"response\": \"r\"}");
        assertRefused(run("eval", "--model", model, "--test", data + "," + data), "two files are called data");
        assertRefused(run("--model", folder.resolve("gone").toString()), "gone; expected a model directory");
        assertThat(run("--lr", "2")).isEqualTo(2);
        assertThat(run("eval", "--test-limit", "0")).isEqualTo(2);
        assertThat(run("train", "--device", "tpu")).isEqualTo(2);
        assertThat(err.toString(UTF_8))
                .contains("--lr must be between 0 and 1, not 2.0", "--device must be cpu or gpu0, gpu1, ..., not tpu");
        assertRefused(run("train", "--model", model, "--rank", "17", "--limit", "3"), "--rank may be at most 16");
        Path config = Path.of(model).resolve("config.json");
        String text = Files.readString(config);
        Files.writeString(
                config,
                text.replaceAll("(?s)\"rope_parameters\": \\{.*?},", "").replaceAll("\"rope_theta\": [^,]*,", ""));
        assertRefused(run("eval", "--model", model), "the rotary positions are not described");
        Files.writeString(config, text.replaceFirst("\"vocab_size\": \\d+", "\"vocab_size\": 900"));
        assertRefused(run("eval", "--model", model), "config.json has vocab_size 900");
    }

    @Test
    void realModelAndData_giveScores() throws IOException {
        Path data = Path.of(System.getProperty("bone.root", "")).resolve("../shared/data");
        assumeThat(data).isDirectory();
        Path adapter = folder.resolve("adapter");
        String model = data.resolve("checkpoints/stories260k").toString();
        assertDone(run(
                "train",
                "--model",
                model,
                "--data",
                data.resolve("metamath/metamath_format_sample.json").toString(),
                "--rank",
                "8",
                "--steps",
                "2",
                "--limit",
                "16",
                "--out",
                adapter.toString()));
        assertDone(run(
                "eval",
                "--model",
                model,
                "--adapter",
                adapter.toString(),
                "--test",
                data.resolve("gsm8k/test.jsonl") + "," + data.resolve("math/math500_test.jsonl"),
                "--test-limit",
                "3",
                "--max-new-tokens",
                "12",
                "--out",
                folder.resolve("answers").toString()));
        assertThat(out.toString(UTF_8))
                .containsPattern("problems +number +metamath +peft +strict +flexible +math")
                .containsPattern("(?m)^math500_test +3 +- +- +- +- +0\\.000");
    }
}
