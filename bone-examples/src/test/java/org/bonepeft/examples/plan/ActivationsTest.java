package org.bonepeft.examples.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.assertj.core.data.Percentage;
import org.bonepeft.adapter.AdapterMethods;
import org.bonepeft.djl.model.llama.LlamaConfig;
import org.bonepeft.djl.model.llama.LlamaForCausalLm;
import org.bonepeft.peft.Targets;
import org.bonepeft.tensor.DType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ActivationsTest {
    private static final double MIB = 1 << 20;

    /** What {@code bone bench loop} measured, see docs/TRAINING.md. */
    @ParameterizedTest
    @CsvSource({
        "lora, 32, 512, 1408, 6, 8, 4096, 139.7, 37.9",
        "bone, 64, 512, 1408, 6, 8, 4096, 113.0, 34.6",
        "bat, 64, 512, 1408, 6, 8, 4096, 208.8, 50.6",
        "lora, 8, 64, 172, 5, 4, 512, 18.4, 5.9",
        "bone, 16, 64, 172, 5, 4, 512, 17.9, 5.6"
    })
    void plan_isNearWhatWasMeasured(
            String method,
            int rank,
            int hidden,
            int intermediate,
            int layers,
            int keyValueHeads,
            int vocabulary,
            double kept,
            double recomputed) {
        LlamaForCausalLm model = new LlamaForCausalLm(LlamaConfig.builder()
                .setVocabSize(vocabulary)
                .setHiddenSize(hidden)
                .setIntermediateSize(intermediate)
                .setLayers(layers)
                .setHeads(8)
                .optKeyValueHeads(keyValueHeads)
                .build());
        Plan plan = Plan.of(
                model,
                AdapterMethods.of(method, new AdapterMethods.Settings(rank, 2 * rank, 0, rank, rank)),
                Targets.of(List.of(Targets.ALL_LINEAR)),
                512,
                DType.F32);
        assertThat(plan.activations().kept() / MIB).isCloseTo(kept, Percentage.withPercentage(25));
        assertThat(plan.activations().recomputed() / MIB).isCloseTo(recomputed, Percentage.withPercentage(25));
    }
}
