package org.bonepeft.djl.model.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.bonepeft.BoneException;
import org.bonepeft.json.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class LlamaConfigTest {
    private static final String LLAMA3 = "{\"rope_type\": \"llama3\", \"factor\": 8.0, \"low_freq_factor\": 1.0,"
            + " \"high_freq_factor\": 4.0, \"original_max_position_embeddings\": 16%s}";

    @TempDir
    Path directory;

    private LlamaConfig read(String... keysAndValues) throws IOException {
        Map<String, Object> config = new TreeMap<>(Map.of(
                "model_type", "llama",
                "vocab_size", 19,
                "hidden_size", 16,
                "intermediate_size", 24,
                "num_hidden_layers", 2,
                "num_attention_heads", 4,
                "max_position_embeddings", 64,
                "rope_theta", 10000.0));
        for (int i = 0; i < keysAndValues.length; i += 2) {
            if (keysAndValues[i + 1].equals("absent")) {
                config.remove(keysAndValues[i]);
            } else {
                config.put(keysAndValues[i], Json.parse(keysAndValues[i + 1], "test"));
            }
        }
        Files.writeString(directory.resolve("config.json"), Json.print(config));
        return LlamaConfig.read(directory);
    }

    @Test
    void smallestFile_hasTheDefaultsOfTransformers() throws IOException {
        LlamaConfig config = read();
        assertThat(config.family()).isEqualTo(LlamaFamily.LLAMA);
        assertThat(config.keyValueHeads()).isEqualTo(4);
        assertThat(config.headSize()).isEqualTo(4);
        assertThat(config.rmsNormEps()).isEqualTo(1e-6);
        assertThat(config.ropeScaling()).isEqualTo(new RopeScaling.None());
        assertThat(config.tied()).isFalse();
        assertThat(config.windows()).containsExactly(0, 0);
        assertThat(config.padTokenId()).isEmpty();
    }

    @Test
    void padding_countsFromTheEndIfNegative_asInTorch() throws IOException {
        assertThat(read("pad_token_id", "null").padTokenId()).isEmpty();
        assertThat(read("pad_token_id", "0").padTokenId()).hasValue(0);
        assertThat(read("pad_token_id", "-1").padTokenId()).hasValue(18);
    }

    @Test
    void originalContext_isByDefaultTheWhole() throws IOException {
        LlamaConfig config = read("rope_scaling", LLAMA3.replace(", \"original_max_position_embeddings\": 16%s", ""));
        assertThat(config.ropeScaling()).isEqualTo(new RopeScaling.Llama3(8, 1, 4, 64));
    }

    @Test
    void rotaryPositions_readTheSameInBothSpellings() throws IOException {
        LlamaConfig old = read("rope_theta", "500000.0", "rope_scaling", String.format(LLAMA3, ""));
        LlamaConfig recent =
                read("rope_theta", "absent", "rope_parameters", String.format(LLAMA3, ", \"rope_theta\": 500000.0"));
        assertThat(old).isEqualTo(recent);
        assertThat(old.ropeTheta()).isEqualTo(500000);
        assertThat(old.ropeScaling()).isEqualTo(new RopeScaling.Llama3(8, 1, 4, 16));
        assertThat(read("rope_scaling", "{\"type\": \"linear\", \"factor\": 2}").ropeScaling())
                .isEqualTo(new RopeScaling.Linear(2));
        assertThat(read("rope_theta", "absent", "rope_scaling", "null").ropeTheta())
                .isEqualTo(10000);
    }

    @Test
    void llama3Scaling_keepsFastFrequenciesDividesSlowOnesAndMixesBetween() {
        RopeScaling scaling = new RopeScaling.Llama3(8, 1, 4, 16);
        float turn = (float) (2 * Math.PI / 16);
        assertThat(scaling.scale(5 * turn)).isEqualTo(5 * turn);
        assertThat(scaling.scale(turn / 2)).isEqualTo(turn / 16);
        assertThat(scaling.scale(2.5f * turn)).isEqualTo(2.5f * turn * (0.5f + 0.5f / 8), within(1e-6f));
    }

    /** Values of transformers; with one rounding at the end they would be others. */
    @Test
    void frequencies_areThoseOfTransformersToTheBit() throws IOException {
        assertThat(RotaryTable.frequencies(read("head_dim", "128"))[7]).isEqualTo(0.365174145f);
        RopeScaling scaling = new RopeScaling.Llama3(8, 1, 4, 8192);
        assertThat(scaling.scale(0.00261609908f)).isEqualTo(0.00216657063f);
        assertThat(scaling.scale(0.00115204265f)).isEqualTo(0.00031269365f);
        assertThat(scaling.scale(0.000938473851f)).isEqualTo(0.000178507791f);
    }

    @Test
    void windows_followEachFamily() throws IOException {
        String[] mistral = {"model_type", "\"mistral\"", "num_key_value_heads", "2"};
        assertThat(read(with(mistral, "sliding_window", "7")).windows()).containsExactly(7, 7);
        assertThat(read(with(mistral, "sliding_window", "null")).windows()).containsExactly(0, 0);
        assertThat(read(mistral).windows()).containsExactly(4096, 4096);
        String[] qwen = {"model_type", "\"qwen2\"", "num_key_value_heads", "2", "sliding_window", "7"};
        assertThat(read(qwen).windows()).containsExactly(0, 0);
        assertThat(read(with(qwen, "use_sliding_window", "true", "max_window_layers", "0", "sliding_window", "null"))
                        .windows())
                .containsExactly(0, 0);
        assertThat(read(with(mistral, "num_key_value_heads", "null")).keyValueHeads())
                .isEqualTo(4);
        assertThat(read(with(qwen, "use_sliding_window", "true", "max_window_layers", "1"))
                        .windows())
                .containsExactly(0, 7);
        assertThat(read(with(
                                qwen,
                                "use_sliding_window",
                                "true",
                                "layer_types",
                                "[\"sliding_attention\", \"full_attention\"]"))
                        .windows())
                .containsExactly(7, 0);
    }

    private static String[] with(String[] some, String... more) {
        return Stream.of(some, more).flatMap(Stream::of).toArray(String[]::new);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\'',
            value = {
                "model_type | \"gpt2\" | one of [llama, mistral, qwen2]",
                "model_type | absent | model_type is null",
                "vocab_size | absent | vocab_size is missing",
                "hidden_size | 18 | hidden_size is 18, expected a multiple of the 4 heads",
                "hidden_size | \"16\" | hidden_size is 16, expected an integer",
                "num_key_value_heads | 3 | num_key_value_heads is 3, expected a divisor of the 4 heads",
                "head_dim | 5 | head_dim is 5, expected an even number",
                "hidden_act | \"gelu\" | hidden_act is gelu, expected silu",
                "rms_norm_eps | 0 | rms_norm_eps",
                "rope_theta | absent | expected rope_theta (and rope_scaling), or rope_parameters",
                "rope_theta | -1 | rope_theta is -1.0, expected a positive number",
                "rope_scaling | {\"rope_type\": \"yarn\"} | rope_scaling.rope_type is yarn, expected default, linear",
                "rope_scaling | {\"type\": \"linear\"} | rope_scaling.factor is missing",
                "rope_scaling | {\"type\": \"linear\", \"factor\": 0.5} | factor of the rotary positions is 0.5",
                "partial_rotary_factor | 0.5 | partial_rotary_factor is 0.5, expected 1",
                "rope_parameters | {\"partial_rotary_factor\": 0.5} | rope_parameters.partial_rotary_factor is 0.5",
                "eos_token_id | 19 | eos_token_id is 19, expected tokens below 19",
                "eos_token_id | [2, \"x\"] | eos_token_id",
                "pad_token_id | 19 | pad_token_id is 19, expected a token below 19",
                "pad_token_id | -20 | pad_token_id is -20, expected an integer from -19 on",
                "layer_types | [\"sliding_attention\", \"full_attention\"] | layer_types",
                "layer_types | [\"full_attention\"] | layer_types",
            })
    void whatDoesNotFit_isNamed(String key, String value, String message) {
        assertThatThrownBy(() -> read(key, value))
                .isInstanceOf(BoneException.class)
                .hasMessageStartingWith(directory.resolve("config.json").toString())
                .hasMessageContaining(message);
    }

    @Test
    void twoDescriptionsOfPositions_mustAgree() {
        assertThatThrownBy(() -> read(
                        "rope_scaling",
                        "{\"type\": \"linear\", \"factor\": 2}",
                        "rope_parameters",
                        "{\"rope_type\": \"default\"}"))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("rope_scaling")
                .hasMessageContaining("only one of the two");
    }

    static List<LlamaConfig> configs() {
        return List.of(
                TinyLlama.CONFIG,
                TinyLlama.builder()
                        .optRope(500000, new RopeScaling.Llama3(8, 1, 4, 16))
                        .optTied(true)
                        .optBias(true, true)
                        .optTokenIds(3, List.of(4, 5))
                        .optPadTokenId(6)
                        .build(),
                TinyLlama.builder()
                        .optFamily(LlamaFamily.MISTRAL)
                        .optRope(1000, new RopeScaling.Linear(2))
                        .optHeadSize(6)
                        .build(),
                TinyLlama.builder()
                        .optFamily(LlamaFamily.MISTRAL)
                        .optWindows(List.of(5, 5))
                        .build(),
                TinyLlama.builder()
                        .optFamily(LlamaFamily.QWEN2)
                        .optWindows(List.of(0, 5))
                        .build());
    }

    @ParameterizedTest
    @MethodSource("configs")
    void savedConfig_readsBackEqual(LlamaConfig config) throws IOException {
        try (NDManager manager = NDManager.newBaseManager()) {
            LlamaForCausalLm.create(config, manager, 1).save(directory);
        }
        assertThat(LlamaConfig.read(directory)).isEqualTo(config);
    }

    @Test
    void configThatNoFamilyHas_isRefused() {
        assertThatThrownBy(() -> TinyLlama.builder().optWindows(List.of(4, 4)).build())
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("LLaMA none");
        assertThatThrownBy(() -> TinyLlama.builder()
                        .optFamily(LlamaFamily.MISTRAL)
                        .optBias(true, false)
                        .build())
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("Mistral no bias");
    }
}
