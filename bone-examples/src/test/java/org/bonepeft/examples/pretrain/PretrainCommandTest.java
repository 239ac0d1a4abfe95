package org.bonepeft.examples.pretrain;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.bonepeft.djl.model.llama.LlamaForCausalLm;
import org.bonepeft.djl.model.roberta.RobertaForMaskedLm;
import org.bonepeft.djl.model.rwkv6.Rwkv6ForCausalLm;
import org.bonepeft.examples.Main;
import org.bonepeft.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PretrainCommandTest {
    @TempDir
    Path folder;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(String... options) {
        String[] args = new String[options.length + 1];
        args[0] = "pretrain";
        System.arraycopy(options, 0, args, 1, options.length);
        return Main.run(
                args,
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
    }

    @Test
    void quick_writesModelAndTasks() throws IOException {
        Path model = folder.resolve("model");
        Path data = folder.resolve("data");
        assertThat(run("--quick", "--steps", "2", "--out", model.toString(), "--data-out", data.toString()))
                .as(err.toString(StandardCharsets.UTF_8))
                .isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("2 steps");
        assertThat(model).isDirectoryContaining("glob:**/tokenizer.json").isDirectoryContaining("glob:**/config.json");
        assertThat(data.resolve("MNLI")).isDirectoryContaining("glob:**/dev_mismatched.tsv");
        try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
            assertThat(RobertaForMaskedLm.load(model, manager).config().vocabSize())
                    .isEqualTo(761);
        }
    }

    @Test
    void quickLlama_writesModelAndProblems() throws IOException {
        Path model = folder.resolve("model");
        Path data = folder.resolve("data");
        String[] options = {"--model", "mini-llama", "--quick", "--out", model.toString(), "--data-out", "" + data};
        assertThat(run(options)).as(err.toString(StandardCharsets.UTF_8)).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("20 steps", "new text: loss");
        assertThat(data).isDirectoryContaining("glob:**/test-unseen.json");
        try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
            LlamaForCausalLm network = LlamaForCausalLm.load(model, manager, DType.BF16);
            assertThat(network.tensors().values()).allMatch(Parameter::isInitialized);
            assertThat(network.config().maxPositions()).isEqualTo(512);
        }
    }

    @Test
    void quickRwkv6_writesModel() throws IOException {
        Path model = folder.resolve("model");
        String[] options = {"--model", "mini-rwkv6", "--quick", "--steps", "3", "--out", model.toString()};
        assertThat(run(Stream.concat(Stream.of(options), Stream.of("--data-out", folder.resolve("data") + ""))
                        .toArray(String[]::new)))
                .as(err.toString(StandardCharsets.UTF_8))
                .isZero();
        try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
            assertThat(Rwkv6ForCausalLm.load(model, manager).config().eosTokenIds())
                    .containsExactly(2);
        }
    }

    @Test
    void unknownModel_isRefused() {
        assertThat(run("--model", "gpt")).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("'gpt' is none of mini-roberta, mini-llama");
    }

    @Test
    void wrongUsage_isTold() {
        assertThat(run("--steps", "0")).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("--steps must be 1 or more, not 0");
    }

    @Test
    void existingOutput_isLeftAlone() throws IOException {
        Path file = Files.writeString(folder.resolve("here"), "text");
        assertThat(run("--quick", "--out", folder.toString())).isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("exists already");
        assertThat(file).hasContent("text");
    }
}
