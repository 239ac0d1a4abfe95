package org.bonepeft.examples.lm;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.training.ParameterStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.bonepeft.adapter.AdapterMethods;
import org.bonepeft.djl.AdaptedModel;
import org.bonepeft.djl.AdapterConfig;
import org.bonepeft.djl.Adapters;
import org.bonepeft.djl.model.rwkv6.Rwkv6Config;
import org.bonepeft.djl.model.rwkv6.Rwkv6ForCausalLm;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.djl.torch.TorchTypes;
import org.bonepeft.examples.Main;
import org.bonepeft.examples.minimath.MathCorpus;
import org.bonepeft.peft.Targets;
import org.bonepeft.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MiniRwkv6Test {
    private static final Path FOLDER = ModelOptions.bundled("mini-rwkv6");

    private static NDArray text(LanguageModel<?> language, int documents) {
        MathCorpus text = new MathCorpus(77);
        long[] tokens = IntStream.range(0, documents)
                .mapToObj(i -> language.tokenizer().encode(text.get()))
                .flatMapToLong(document -> LongStream.concat(LongStream.of(2), LongStream.of(document)))
                .toArray();
        return language.manager().create(tokens).expandDims(0);
    }

    @Test
    void bundledModel_knowsTheLanguageOfItsText() throws IOException {
        try (LanguageModel<?> loaded = LanguageModel.load(FOLDER, Device.cpu(), DType.F32)) {
            assertThat(loaded.model()).isInstanceOf(Rwkv6ForCausalLm.class);
            assertThat(loaded.ends()).containsExactly(2L);
            NDArray ids = text(loaded, 20);
            ParameterStore store = new ParameterStore(loaded.manager(), false);
            float loss = loaded.model().loss(store, new NDList(ids), ids, false).getFloat();
            assertThat(loss).isLessThan(1f); // by chance it is log 1056 = 7.0
        }
        assertThat(Files.size(FOLDER.resolve("model.safetensors"))).isLessThan(4 << 20);
    }

    /** The loss and, behind it, the gradients of all adapter parameters. */
    private static float[] lossAndGradients(DType type, String method) throws IOException {
        try (LanguageModel<?> language = LanguageModel.load(FOLDER, Device.cpu(), type);
                NDScope scope = new NDScope();
                TorchAutograd recording = TorchAutograd.enabled()) {
            scope.suppressNotUsedWarning();
            AdaptedModel adapted = Adapters.attach(
                    language.model(),
                    AdapterConfig.builder()
                            .setMethod(AdapterMethods.of(method, new AdapterMethods.Settings(16, 16, 0, 8, 64)))
                            .setTargets(Targets.of(Targets.ALL_LINEAR))
                            .build());
            Random random = new Random(3);
            adapted.trainableParameters().values().forEach(parameter -> {
                NDArray array = parameter.getArray();
                float[] noise = new float[Math.toIntExact(array.size())];
                for (int i = 0; i < noise.length; i++) {
                    noise[i] = (float) (0.01 * random.nextGaussian());
                }
                TorchTypes.copy(array.add(language.manager().create(noise, array.getShape())), array);
            });
            NDArray ids = text(language, 4);
            ParameterStore store = new ParameterStore(language.manager(), false);
            NDArray loss = language.model().loss(store, new NDList(ids), ids, true);
            TorchAutograd.backward(loss);
            NDList flat = new NDList(TorchTypes.cast(loss.reshape(1), DType.F32));
            adapted.trainableParameters()
                    .values()
                    .forEach(parameter -> flat.add(TorchAutograd.gradient(parameter.getArray())
                            .orElseThrow()
                            .flatten()));
            return NDArrays.concat(flat).toFloatArray();
        }
    }

    /** By the angle: the length differs by 2 to 23 %, as the method may be. */
    @ParameterizedTest
    @ValueSource(strings = {"bone", "bat", "bat-row", "hadamard", "lora"})
    void bfloat16_hasTheLossAndTheGradientOfFloat32(String method) throws IOException {
        float[] wide = lossAndGradients(DType.F32, method);
        float[] narrow = lossAndGradients(DType.BF16, method);
        assertThat(Math.abs(narrow[0] - wide[0])).isLessThan(0.01f * wide[0]);
        double product = 0;
        double wideNorm = 0;
        double narrowNorm = 0;
        for (int i = 1; i < wide.length; i++) {
            product += (double) narrow[i] * wide[i];
            wideNorm += (double) wide[i] * wide[i];
            narrowNorm += (double) narrow[i] * narrow[i];
        }
        assertThat(product / Math.sqrt(wideNorm * narrowNorm)).isGreaterThan(0.95);
    }

    @Test
    void bfloat16_trainsAndAnswersFromTheCommandLine(@TempDir Path folder) {
        trainAndAnswer(FOLDER, "bfloat16", folder);
    }

    /** As they are released, after the conversion to safetensors: no config.json, and the World vocabulary. */
    @Test
    void releasedFolder_trainsAndAnswersFromTheCommandLine(@TempDir Path folder) throws IOException {
        Path released = folder.resolve("released");
        try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
            Rwkv6ForCausalLm.create(Rwkv6Config.of(260, 32, 1, 16), manager, 1).save(released);
        }
        Files.delete(released.resolve("config.json"));
        Files.write(
                released.resolve(TextTokenizer.WORLD),
                IntStream.range(0, 256)
                        .mapToObj(b -> "%d b'\\x%02x' 1".formatted(b + 1, b))
                        .toList());
        trainAndAnswer(released, "float32", folder);
    }

    private static void trainAndAnswer(Path model, String type, Path folder) {
        String adapter = folder.resolve("adapter").toString();
        run(model, type, "train", "--steps", "3", "--limit", "30", "--out", adapter);
        String answers = folder.resolve("answers").toString();
        run(model, type, "eval", "--adapter", adapter, "--test-limit", "4", "--max-new-tokens", "8", "--out", answers);
        assertThat(folder.resolve("answers/test.jsonl")).isNotEmptyFile();
    }

    private static void run(Path model, String type, String command, String... options) {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        List<String> all = new ArrayList<>(List.of("metamath", command, "--model", model.toString(), "--dtype", type));
        all.addAll(List.of(options));
        int code = Main.run(
                all.toArray(String[]::new),
                new PrintStream(new ByteArrayOutputStream(), true, UTF_8),
                new PrintStream(err, true, UTF_8));
        assertThat(code).as(err.toString(UTF_8)).isZero();
    }
}
