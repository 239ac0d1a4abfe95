package org.bonepeft.djl.model.rwkv6;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.AdapterMethods;
import org.bonepeft.djl.AdaptedModel;
import org.bonepeft.djl.AdapterConfig;
import org.bonepeft.djl.Adapters;
import org.bonepeft.djl.generate.GenerationConfig;
import org.bonepeft.djl.generate.Generator;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.djl.torch.TorchTypes;
import org.bonepeft.peft.Targets;
import org.bonepeft.tensor.DType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A model in bfloat16, beside one of the same weights in float32. */
class Rwkv6BfloatTest {
    /** Of the Euclidean norm: eight bits of mantissa, rounded some twenty times from layer to layer. */
    private static final double CLOSE = 0.05;

    private static final int VOCABULARY = 23;
    private static final int TOKENS = 45; // two chunks

    @TempDir
    private Path directory;

    private NDManager manager;
    private Rwkv6ForCausalLm narrow;
    private Rwkv6ForCausalLm wide;

    @BeforeEach
    void open() throws IOException {
        manager = NDManager.newBaseManager();
        manager.getEngine().setRandomSeed(3);
        Path source = directory.resolve("float32");
        TinyRwkv6.lively(VOCABULARY, manager).save(source);
        narrow = Rwkv6ForCausalLm.load(source, manager, DType.BF16);
        narrow.save(directory.resolve("bfloat16"));
        wide = Rwkv6ForCausalLm.load(directory.resolve("bfloat16"), manager);
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private static long[] text(int length) {
        return LongStream.range(0, length).map(i -> i * i % VOCABULARY).toArray();
    }

    private NDArray ids() {
        return manager.create(text(2 * TOKENS)).reshape(2, TOKENS);
    }

    private static void check(String what, float[] actual, float[] expected) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += Math.pow(actual[i] - expected[i], 2);
            norm += Math.pow(expected[i], 2);
        }
        assertThat(Math.sqrt(difference)).as(what).isLessThanOrEqualTo(CLOSE * Math.sqrt(norm));
    }

    private float[] logits(Rwkv6ForCausalLm model) {
        return TorchTypes.floats(model.forward(new ParameterStore(manager, false), new NDList(ids()), false)
                .singletonOrThrow());
    }

    @Test
    void load_keepsTheTypeFromFileToFile() throws IOException {
        narrow.tensors()
                .forEach((name, parameter) ->
                        assertThat(TorchTypes.of(parameter.getArray())).as(name).isEqualTo(DType.BF16));
        check("logits", logits(narrow), logits(wide));
        Rwkv6ForCausalLm mapped = Rwkv6ForCausalLm.load(directory.resolve("bfloat16"), manager, DType.BF16);
        System.gc();
        assertThat(logits(mapped)).isEqualTo(logits(narrow));
        mapped.save(directory.resolve("again"));
        assertThat(directory.resolve("again/model.safetensors"))
                .hasSameBinaryContentAs(directory.resolve("bfloat16/model.safetensors"));
    }

    static Stream<String> methods() {
        return AdapterMethods.names().stream();
    }

    /** How near gradients come to those of float32 is tested on a trained model, whose norms do not divide by nothing. */
    @ParameterizedTest
    @MethodSource("methods")
    void everyMethod_trains_mergesAndUnmerges(String name) {
        float[] start = logits(narrow);
        AdaptedModel adapted = adapted(narrow, AdapterMethods.of(name, new AdapterMethods.Settings(8, 8, 0, 8, 8)));
        check("at the start", logits(narrow), start);
        adapted.trainableParameters().values().forEach(parameter -> {
            NDArray array = parameter.getArray();
            assertThat(TorchTypes.of(array)).isEqualTo(DType.F32);
            TorchTypes.copy(array.add(manager.randomNormal(0, 0.01f, array.getShape(), array.getDataType())), array);
        });
        step(narrow, new ParameterStore(manager, false));
        for (float gradient : gradients(adapted)) {
            assertThat(gradient).isFinite();
        }
        float[] before = logits(narrow);
        adapted.merge(true);
        check("merged", logits(narrow), before);
        adapted.unmerge();
        assertThat(logits(narrow)).isEqualTo(before);
    }

    private AdaptedModel adapted(Rwkv6ForCausalLm model, AdapterMethod method) {
        return Adapters.attach(
                model,
                AdapterConfig.builder()
                        .setMethod(method)
                        .setTargets(Targets.of(Targets.ALL_LINEAR))
                        .build(),
                store -> step(model, store));
    }

    private void step(Rwkv6ForCausalLm model, ParameterStore store) {
        try (NDScope scope = new NDScope();
                TorchAutograd gradients = TorchAutograd.enabled()) {
            scope.suppressNotUsedWarning();
            NDArray ids = ids();
            NDArray loss = model.loss(store, new NDList(ids), ids, true);
            TorchAutograd.backward(loss);
        }
    }

    /** Of all parameters, one after the other. */
    private static float[] gradients(AdaptedModel model) {
        NDList flat = new NDList();
        model.trainableParameters()
                .values()
                .forEach(parameter -> flat.add(TorchAutograd.gradient(parameter.getArray())
                        .orElseThrow()
                        .flatten()));
        return NDArrays.concat(flat).toFloatArray();
    }

    @Test
    void session_isForward_andItsWrittenStateGoesOnToTheSameBits() throws IOException {
        Path file = directory.resolve("state.safetensors");
        List<long[]> first = List.of(text(40), text(7));
        List<long[]> next = List.of(text(3), text(2));
        float[][] more;
        try (Rwkv6Session session = narrow.start(0);
                Rwkv6Session reference = wide.start(0)) {
            float[][] logits = session.append(first);
            float[][] exact = reference.append(first);
            for (int i = 0; i < logits.length; i++) {
                check("row " + i, logits[i], exact[i]);
            }
            session.state().layers().forEach(layer -> layer.arrays()
                    .forEach(array -> assertThat(TorchTypes.of(array)).isEqualTo(DType.F32)));
            session.state().write(file);
            more = session.append(next);
        }
        try (Rwkv6State state = Rwkv6State.read(file, narrow.config(), manager);
                Rwkv6Session session = narrow.start(state)) {
            assertThat(session.append(next)).isDeepEqualTo(more);
        }
        Generator generator = new Generator(
                narrow, GenerationConfig.builder().setMaxNewTokens(6).build());
        assertThat(generator.generate(List.of(text(40), Arrays.copyOf(text(7), 2))))
                .allMatch(completion -> completion.tokens().size() == 6);
    }
}
