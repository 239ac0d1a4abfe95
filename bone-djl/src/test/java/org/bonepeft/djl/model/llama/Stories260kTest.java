package org.bonepeft.djl.model.llama;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.bonepeft.djl.generate.Completion;
import org.bonepeft.djl.generate.GenerationConfig;
import org.bonepeft.djl.generate.Generator;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** A trained model that everybody can have, against transformers; it is not part of the project. */
class Stories260kTest {
    private static final Path DIRECTORY =
            Path.of(System.getProperty("bone.root", ""), "../shared/data/checkpoints/stories260k");

    @Test
    void logitsLossAndGreedyText_areThoseOfTransformers() throws IOException {
        Assumptions.assumeTrue(Files.isDirectory(DIRECTORY), "no " + DIRECTORY);
        try (NDManager manager = NDManager.newBaseManager();
                SafetensorsFile io = SafetensorsFile.open(DIRECTORY.resolve("io.safetensors"))) {
            LlamaForCausalLm model = LlamaForCausalLm.load(DIRECTORY, manager);
            NDArray ids = manager.create(
                    io.longs("input_ids"),
                    new Shape(io.tensor("input_ids").shape().toArray()));
            ParameterStore store = new ParameterStore(manager, false);
            Tolerance.FLOAT32.check(
                    "logits",
                    model.forward(store, new NDList(ids), false)
                            .singletonOrThrow()
                            .toFloatArray(),
                    io.floats("logits"));
            Tolerance.FLOAT32.check(
                    "loss", model.loss(store, new NDList(ids), ids, false).toFloatArray(), io.floats("loss"));

            long[] generated = io.longs("generated_ids");
            int prompt = Integer.parseInt(io.metadata().get("prompt_length"));
            GenerationConfig config = GenerationConfig.builder()
                    .setMaxNewTokens(generated.length - prompt)
                    .build();
            Completion completion = new Generator(model, config)
                    .generate(List.of(Arrays.copyOf(generated, prompt)))
                    .get(0);
            assertThat(completion.tokens())
                    .containsExactly(Arrays.stream(generated, prompt, generated.length)
                            .boxed()
                            .toArray(Long[]::new));
        }
    }
}
