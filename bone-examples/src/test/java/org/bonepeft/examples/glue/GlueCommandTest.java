package org.bonepeft.examples.glue;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.bonepeft.adapter.Lora;
import org.bonepeft.examples.Main;
import org.bonepeft.peft.PeftAdapter;
import org.bonepeft.peft.PeftType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bone glue} as its user meets it: options in, exit code and text out. */
class GlueCommandTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    private Path folder;

    private Path model;
    private Path data;
    private Path results;

    @BeforeEach
    void writeModelAndData() throws IOException {
        model = folder.resolve("model");
        data = folder.resolve("CoLA");
        results = folder.resolve("results");
        TinyGlue.writeModel(model);
        TinyGlue.writeCola(data, 300, 60);
    }

    private int run(String... more) {
        List<String> args = new ArrayList<>(List.of("glue", "--model", "" + model, "--data", "" + data));
        args.addAll(List.of("--out", "" + results));
        args.addAll(List.of(more));
        return Main.run(
                args.toArray(String[]::new), new PrintStream(out, true, UTF_8), new PrintStream(err, true, UTF_8));
    }

    private void assertRefused(int code, int expected, String... parts) throws IOException {
        String message = err.toString(UTF_8);
        assertThat(code).as(message).isEqualTo(expected);
        assertThat(message).contains(parts).doesNotContain("Exception", "\tat ");
        assertThat(message.lines()).hasSizeBetween(1, 2);
        assertThat(results).doesNotExist();
        try (Stream<Path> entries = Files.list(folder)) {
            assertThat(entries).containsExactlyInAnyOrder(model, data);
        }
    }

    @Test
    void run_allMethods_writesTableAdaptersAndPicture() throws IOException {
        int code = run("--method", "head-only,lora,bone,full", "--rank", "4", "--max-steps", "3");
        assertThat(code).as(err.toString(UTF_8)).isZero();
        assertThat(out.toString(UTF_8))
                .contains("CoLA from " + data + ": 300 rows to train on", "dev: 60 rows")
                .contains("3 steps of 32 rows for each method: 0.32 epochs; --max-steps ends it before")
                .containsPattern("method +trainable +share +Matthews before +after +train s +tokens/s")
                .containsPattern("(?m)^head-only +306 ")
                .containsPattern("(?m)^lora r=2 +434 ")
                .containsPattern("(?m)^bone r=4 +434 ")
                .containsPattern("(?m)^full .* 100.00 %");
        assertThat(err.toString(UTF_8)).containsOnlyOnce("bone r=4 100%").contains("loss", "tokens/s");
        assertThat(results.resolve("loss.png")).isNotEmptyFile();
        assertThat(results.resolve("report.txt")).content().contains("bone r=4");
        assertThat(results.resolve("full")).isDirectoryContaining("glob:**/model.safetensors");
        assertThat(results.resolve("full")).isDirectoryContaining("glob:**/tokenizer.json");
        assertThat(results.resolve("head-only")).doesNotExist();
        PeftAdapter bone = PeftAdapter.read(results.resolve("bone"));
        assertThat(bone.config().type()).isEqualTo(PeftType.MISS);
        assertThat(bone.layers())
                .containsOnlyKeys(
                        "roberta.encoder.layer.0.attention.self.query", "roberta.encoder.layer.0.attention.self.value");
        assertThat(bone.saved()).hasSize(4).containsKey("classifier.out_proj.weight");
        assertThat(PeftAdapter.read(results.resolve("lora")).config().method()).isEqualTo(new Lora(2, 4));
    }

    @Test
    void run_easyTask_isLearned() {
        int code = run("--method", "full", "--lr", "0.01", "--epochs", "20");
        assertThat(code).as(err.toString(UTF_8)).isZero();
        assertThat(out.toString(UTF_8)).containsPattern("(?m)^full .* 1\\.000 +\\d+\\.\\d +[0-9,]+$");
    }

    @Test
    void run_twice_isTheSame() throws IOException {
        assertThat(run("--method", "bone", "--rank", "4", "--max-steps", "5")).isZero();
        String first = figures();
        out.reset();
        results = folder.resolve("again");
        assertThat(run("--method", "bone", "--rank", "4", "--max-steps", "5")).isZero();
        assertThat(figures()).isEqualTo(first);
        assertThat(Files.mismatch(folder.resolve("results/loss.png"), results.resolve("loss.png")))
                .isEqualTo(-1);
    }

    /** The table's row without the time it took. */
    private String figures() {
        return out.toString(UTF_8)
                .lines()
                .filter(line -> line.startsWith("bone r"))
                .map(line -> line.replaceAll(" +\\S+ +\\S+$", ""))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void run_wrongUsage_exitsWith2() throws IOException {
        assertRefused(run("--rank", "0"), 2, "--rank must be 1 or more, not 0");
        err.reset();
        assertRefused(run("--rank", "many"), 2, "--rank", "many");
        err.reset();
        assertRefused(run("--method", "adam"), 2, "--method", "adam");
        err.reset();
        assertRefused(run("--task", "STS-B"), 2, "STS-B is a regression");
        err.reset();
        assertRefused(run("--device", "tpu"), 2, "--device must be cpu or gpu0");
        err.reset();
        assertRefused(run("--lr", "-1"), 2, "--lr must be between 0 and 1");
    }

    @Test
    void run_missingFile_isNamed() throws IOException {
        Files.delete(data.resolve("train.tsv"));
        assertRefused(run(), 1, "no such file: " + data.resolve("train.tsv"));
    }

    @Test
    void run_missingModel_isNamed() throws IOException {
        Path used = model;
        model = folder.resolve("gone");
        int code = run();
        model = used;
        assertRefused(code, 1, "gone; expected a model directory");
    }

    @Test
    void run_wrongColumnCount_namesTheLine() throws IOException {
        Files.writeString(data.resolve("dev.tsv"), "a\t1\t\tthe cat\na\t1\tthe dog\n");
        assertRefused(run(), 1, "dev.tsv, line 2: 3 columns where line 1 has 4");
    }

    @Test
    void run_unknownLabel_namesTheLine() throws IOException {
        Files.writeString(data.resolve("train.tsv"), "a\t1\t\tthe cat\na\tyes\t\tthe dog\n");
        assertRefused(run(), 1, "train.tsv, line 2: label \"yes\" is none of 0, 1");
    }

    @Test
    void run_modelWithoutConfig_isNamed() throws IOException {
        Files.delete(model.resolve("config.json"));
        assertRefused(run(), 1, "no config.json in " + model);
    }

    @Test
    void run_modelWithoutTokenizer_isNamed() throws IOException {
        Files.delete(model.resolve("tokenizer.json"));
        assertRefused(run(), 1, "no such file: " + model.resolve("tokenizer.json"));
    }

    @Test
    void run_tokenizerOfAnotherModel_isRefused() throws IOException {
        TinyTokenizer.write(
                model, "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "the");
        assertRefused(run(), 1, "tokenizer.json makes the token 15, config.json has vocab_size 15");
    }

    @Test
    void run_truncatedSafetensors_isRefused() throws IOException {
        Path file = model.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length - 5));
        assertRefused(run(), 1, "" + file);
    }

    @Test
    void run_headerOfTwoToThe63Bytes_isRefused() throws IOException {
        Path file = model.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(0, Long.MIN_VALUE);
        Files.write(file, bytes);
        assertRefused(run(), 1, "" + file);
    }

    @Test
    void run_duplicateKey_isRefused() throws IOException {
        Path file = model.resolve("model.safetensors");
        byte[] header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                .concat("\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}")
                .getBytes(UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + 8).order(ByteOrder.LITTLE_ENDIAN);
        Files.write(file, bytes.putLong(header.length).put(header).array());
        assertRefused(run(), 1, "" + file, "'a'");
    }

    @Test
    void run_rankThatDoesNotFit_namesTheLayer() throws IOException {
        assertRefused(
                run("--rank", "17"),
                1,
                "roberta.encoder.layer.0.attention.self.query (in 16, out 16)",
                "--rank may be at most 16");
    }

    @Test
    void run_targetThatMatchesNothing_listsTheLinears() throws IOException {
        assertRefused(
                run("--targets", "query,q_proj"),
                1,
                "'q_proj' matches no linear layer",
                "attention.self.query",
                "attention.output.dense",
                "intermediate.dense");
    }

    @Test
    void run_unwritableOutput_isRefusedBeforeTraining() throws IOException {
        results = model.resolve("config.json/results");
        int code = run();
        results = folder.resolve("results");
        assertRefused(code, 1, "config.json/results cannot be written", "config.json is no folder");
        assertThat(out.toString(UTF_8)).isEmpty();
    }

    @Test
    void run_gpuThatIsNotThere_isRefused() throws IOException {
        assertRefused(run("--device", "gpu999"), 1, "--device gpu999: PyTorch sees");
    }
}
