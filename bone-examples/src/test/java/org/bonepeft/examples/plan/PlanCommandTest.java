package org.bonepeft.examples.plan;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bonepeft.adapter.Lora;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.examples.Main;
import org.bonepeft.peft.Targets;
import org.bonepeft.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlanCommandTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    private Path folder;

    private int run(String... more) {
        List<String> args = new ArrayList<>(List.of("plan", "--model"));
        args.addAll(List.of(more));
        return Main.run(
                args.toArray(String[]::new), new PrintStream(out, true, UTF_8), new PrintStream(err, true, UTF_8));
    }

    /** The counts that the papers of Bone and of PiSSA's comparison report. */
    @ParameterizedTest
    @CsvSource({
        "llama-2-7b, bone, 64, all-linear, '87,031,808'",
        "llama-2-7b, bone-row, 64, all-linear, '72,876,032'",
        "llama-2-7b, lora, 36, all-linear, '89,948,160'",
        "roberta-base, bone, 16, 'query,value', '294,912'"
    })
    void trainable_isThatOfThePapers(String model, String method, String rank, String targets, String count) {
        assertThat(run(model, "--method", method, "--rank", rank, "--targets", targets))
                .as(err.toString(UTF_8))
                .isZero();
        assertThat(out.toString(UTF_8).lines())
                .last()
                .asString()
                .startsWith(method + " ")
                .contains(" " + count + " ");
    }

    @Test
    void knownModels_haveTheirPublishedSizes() throws IOException {
        assertThat(Plan.size(KnownModels.find("llama-2-7b"))).isEqualTo(6_738_415_616L);
        assertThat(Plan.size(KnownModels.find("llama-3-8b"))).isEqualTo(8_030_261_248L);
        assertThat(Plan.size(KnownModels.find("llama-3.2-3b"))).isEqualTo(3_212_749_824L);
        assertThat(Plan.size(KnownModels.find("llama-3.2-1b"))).isEqualTo(1_235_814_400L);
        assertThat(Plan.size(KnownModels.find("mistral-7b"))).isEqualTo(7_241_732_096L);
        assertThat(Plan.size(KnownModels.find("qwen2.5-0.5b"))).isEqualTo(494_032_768L);
        assertThat(Plan.size(KnownModels.find("qwen2.5-7b"))).isEqualTo(7_615_616_512L);
        assertThat(Plan.size(KnownModels.find("rwkv6-1.6b"))).isEqualTo(1_599_873_024L);
        for (String name : KnownModels.names()) {
            assertThat(KnownModels.find(name).linears()).isNotEmpty();
        }
    }

    @Test
    void lora_costsItsTwoProductsThreeTimes() throws IOException {
        ModelBlock model = KnownModels.find("roberta-base");
        Plan plan = Plan.of(model, new Lora(8, 8), Targets.of("query"), new Sequences(1_000, 100), DType.F32);
        // x A^T and its product with B^T forward; backward each has a gradient of both factors.
        double products = 12 * 3 * 2.0 * 8 * (768 + 768);
        assertThat(plan.flops() - Plan.frozenFlops(model)).isBetween(products, 1.2 * products);
        assertThat(plan.parameters()).isEqualTo(12 * 8 * (768 + 768));
        assertThat(plan.fileBytes()).isEqualTo(4 * plan.parameters());
        // x A^T, 8 values for each token, and at most a scaled copy.
        assertThat(plan.keptBytes()).isBetween(12 * 4 * 8_000.0, 12 * 2 * 4 * 8_000.0);
    }

    @Test
    void allMethods_thoseThatDoNotFitSayWhy() {
        assertThat(run("roberta-base", "--rank", "100", "--targets", "query")).isZero();
        assertThat(out.toString(UTF_8))
                .contains("Do not fit:\n", "\nbat: roberta.encoder.layer.0.attention.self.query (in 768");
    }

    @Test
    void directory_needsItsConfigurationOnly() throws IOException {
        Files.writeString(folder.resolve("config.json"), """
                {"model_type": "llama", "vocab_size": 100, "hidden_size": 32, "intermediate_size": 64,
                 "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "rms_norm_eps": 1e-6,
                 "max_position_embeddings": 64, "rope_theta": 10000, "tie_word_embeddings": false, "hidden_act": "silu"}
                """);
        assertThat(run("" + folder, "--method", "bone", "--rank", "8"))
                .as(err.toString(UTF_8))
                .isZero();
        assertThat(out.toString(UTF_8))
                .contains(" 4,096 "); // 2 layers of 8 (q 32 + k 16 + v 16 + o 32 + gate 64 + up 64 + down 32)
    }

    @Test
    void whatIsNoModel_isRefusedWithTheNames() {
        assertThat(run("gpt-5")).isEqualTo(1);
        assertThat(err.toString(UTF_8)).contains("no model or directory 'gpt-5'", "llama-2-7b");
    }

    @Test
    void sequences_areNoLongerThanTheStepAndTheModel() {
        assertThat(run("roberta-base", "--method", "lora", "--max-length", "1000"))
                .isZero();
        assertThat(out.toString(UTF_8)).contains("2,048 tokens a step in sequences of 512");
        assertThat(run("llama-2-7b", "--method", "lora", "--tokens", "100")).isZero();
        assertThat(out.toString(UTF_8)).contains("100 tokens a step in sequences of 100");
    }

    @Test
    void noTokens_isWrongUsage() {
        assertThat(run("roberta-base", "--max-length", "0")).isEqualTo(2);
        assertThat(err.toString(UTF_8)).contains("--max-length must be 1 or more, not 0");
        assertThat(run("roberta-base", "--tokens", "0")).isEqualTo(2);
        assertThat(err.toString(UTF_8)).contains("--tokens must be 1 or more, not 0");
    }
}
