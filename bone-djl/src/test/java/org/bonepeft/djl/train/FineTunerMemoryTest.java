package org.bonepeft.djl.train;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.bonepeft.adapter.Bone;
import org.bonepeft.djl.AdapterConfig;
import org.bonepeft.djl.Adapters;
import org.bonepeft.djl.model.llama.LlamaForCausalLm;
import org.bonepeft.peft.Targets;
import org.junit.jupiter.api.Test;

/** Steps on the bundled model; the system property {@code bone.steps} says how many. */
class FineTunerMemoryTest {
    private static final int STEPS = Integer.getInteger("bone.steps", 45);
    private static final Path MODEL = Path.of(System.getProperty("bone.root", "."), "src-test-data", "mini-llama");

    @Test
    void manySteps_leaveArraysAndResidentMemoryFlat() throws IOException {
        try (NDManager manager = NDManager.newBaseManager()) {
            LlamaForCausalLm model = LlamaForCausalLm.load(MODEL, manager);
            Adapters.attach(
                    model,
                    AdapterConfig.builder()
                            .setMethod(new Bone(8))
                            .setTargets(Targets.of(Targets.ALL_LINEAR))
                            .build());
            List<Integer> seeds = IntStream.range(0, 64).boxed().toList();
            TrainingData<TokenBatch> data = TrainingData.of(
                    seeds,
                    some -> TokenBatch.of(
                            some.stream()
                                    .map(seed -> TokenBatch.Sequence.of(new Random(seed)
                                            .longs(24 + seed % 8, 5, model.vocabSize())
                                            .toArray()))
                                    .toList(),
                            0));
            long[] resident = new long[STEPS + 1];
            int[] arrays = new int[STEPS + 1];
            FineTuner.builder(model, Objective.<LlamaForCausalLm>nextToken())
                    .setData(data)
                    .setConfig(TrainingConfig.builder()
                            .setBatchSize(4)
                            .optMicroBatch(2)
                            .setSteps(STEPS)
                            .setLearningRate(1e-3)
                            .build())
                    .addListener(new TrainingListener() {
                        @Override
                        public void onStep(TrainingStep step) {
                            resident[step.step()] = residentBytes();
                            arrays[step.step()] = manager.getManagedArrays().size();
                        }
                    })
                    .build()
                    .train();
            for (int step = 0; step <= STEPS; step += Math.max(1, STEPS / 10)) {
                System.out.printf("step %d: %d MiB resident%n", step, resident[step] >> 20);
            }
            int settled = STEPS / 3;
            assertThat(arrays[STEPS]).isEqualTo(arrays[settled]);
            // A step makes more than 5 MB; Java's own heap grows too.
            assertThat(resident[STEPS] - resident[settled]).isLessThan(64 << 20);
        }
    }

    private static long residentBytes() {
        Path status = Path.of("/proc/self/statm");
        try {
            return Files.exists(status)
                    ? 4096 * Long.parseLong(Files.readString(status).split(" ", -1)[1])
                    : 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
