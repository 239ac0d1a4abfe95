package org.bonepeft.examples.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.assertj.core.data.Percentage;
import org.bonepeft.adapter.AdapterMethods;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.djl.model.llama.LlamaConfig;
import org.bonepeft.djl.model.llama.LlamaForCausalLm;
import org.bonepeft.peft.Targets;
import org.bonepeft.tensor.DType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ActivationsTest {
    private static final double MIB = 1 << 20;

    private static ModelBlock model(String name) throws IOException {
        return switch (name) {
            case "llama-small" -> llama(512, 1408, 6, 8, 4096);
            case "llama-tiny" -> llama(64, 172, 5, 4, 512);
            default -> KnownModels.find(name);
        };
    }

    private static ModelBlock llama(int hidden, int intermediate, int layers, int keyValueHeads, int vocabulary) {
        return new LlamaForCausalLm(LlamaConfig.builder()
                .setVocabSize(vocabulary)
                .setHiddenSize(hidden)
                .setIntermediateSize(intermediate)
                .setLayers(layers)
                .setHeads(8)
                .optKeyValueHeads(keyValueHeads)
                .build());
    }

    /** What {@code bone bench loop} measured, see docs/TRAINING.md. */
    @ParameterizedTest
    @CsvSource({
        "llama-small, lora, 32, F32, 512, 141.3, 35.5",
        "llama-small, bone, 64, F32, 512, 114.2, 32.8",
        "llama-small, bat-row, 64, F32, 512, 136.8, 37.9",
        "llama-small, bat, 64, F32, 512, 208.3, 41.2",
        "llama-small, lora, 32, BF16, 512, 93.9, 26.3",
        "llama-small, bone, 64, BF16, 512, 81.3, 26.4",
        "llama-small, bat-row, 64, BF16, 512, 92.0, 26.6",
        "llama-small, bat, 64, BF16, 512, 125.0, 26.3",
        "llama-tiny, lora, 8, F32, 512, 18.4, 5.9",
        "llama-tiny, bone, 16, F32, 512, 17.9, 5.6",
        "roberta-base, lora, 8, F32, 1024, 440.9, 115.3",
        "roberta-base, bone, 16, F32, 1024, 443.0, 116.1",
        "roberta-base, bat-row, 16, F32, 1024, 440.9, 114.5",
        "roberta-base, bat, 16, F32, 1024, 490.6, 103.7",
        "roberta-base, lora, 8, BF16, 1024, 221.8, 58.8",
        "roberta-base, bat, 16, BF16, 1024, 245.9, 51.6",
    })
    void plan_isNearWhatWasMeasured(
            String name, String method, int rank, DType type, long tokens, double kept, double recomputed)
            throws IOException {
        Targets targets =
                name.startsWith("roberta") ? Targets.of("query", "value") : Targets.of(List.of(Targets.ALL_LINEAR));
        Plan plan = Plan.of(
                model(name),
                AdapterMethods.of(method, new AdapterMethods.Settings(rank, 2 * rank, 0, rank, rank)),
                targets,
                tokens,
                type);
        assertThat(plan.activations().kept() / MIB).isCloseTo(kept, Percentage.withPercentage(25));
        assertThat(plan.activations().recomputed() / MIB).isCloseTo(recomputed, Percentage.withPercentage(25));
    }
}
