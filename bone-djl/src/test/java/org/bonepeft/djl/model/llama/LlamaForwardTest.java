package org.bonepeft.djl.model.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.CrossEntropyLoss;
import org.bonepeft.djl.model.LinearShape;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LlamaForwardTest {
    private static final long[] IDS = {3, 7, 11, 2, 5};

    private final NDManager manager = NDManager.newBaseManager();
    private final ParameterStore store = new ParameterStore(manager, false);
    private final LlamaForCausalLm model = LlamaForCausalLm.create(TinyLlama.CONFIG, manager, 4);

    @AfterEach
    void close() {
        manager.close();
    }

    private NDArray logits(NDArray... inputs) {
        return model.forward(store, new NDList(inputs), false).singletonOrThrow();
    }

    private NDArray ids(long... ids) {
        return manager.create(ids).expandDims(0);
    }

    @Test
    void linears_areNamedAsInHuggingFace() {
        List<LinearShape> linears = new LlamaForCausalLm(TinyLlama.CONFIG).linears();
        assertThat(linears).hasSize(2 * 7 + 1);
        assertThat(linears)
                .contains(
                        new LinearShape("model.layers.0.self_attn.q_proj", 16, 16, false),
                        new LinearShape("model.layers.1.self_attn.k_proj", 16, 8, false),
                        new LinearShape("model.layers.1.mlp.down_proj", 24, 16, false),
                        new LinearShape("lm_head", 16, 19, false));
        LlamaConfig qwen =
                TinyLlama.builder().optFamily(LlamaFamily.QWEN2).optTied(true).build();
        assertThat(new LlamaForCausalLm(qwen).linears())
                .hasSize(2 * 7)
                .contains(
                        new LinearShape("model.layers.0.self_attn.v_proj", 16, 8, true),
                        new LinearShape("model.layers.0.self_attn.o_proj", 16, 16, false));
    }

    @Test
    void paddingOnEitherSide_changesNothing() {
        float[] alone = logits(ids(IDS)).toFloatArray();
        NDArray batch = manager.create(new long[] {3, 7, 11, 2, 5, 0, 0, 0, 0, 3, 7, 11, 2, 5})
                .reshape(2, 7);
        NDArray mask = manager.create(new long[] {1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1})
                .reshape(2, 7);
        NDArray both = logits(batch, mask);
        Tolerance.FLOAT32.check("right", both.get("0, :5").toFloatArray(), alone);
        Tolerance.FLOAT32.check("left", both.get("1, 2:").toFloatArray(), alone);
        NDArray positions = manager.create(new long[] {0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 1, 2, 3, 4})
                .reshape(2, 7);
        Tolerance.FLOAT32.check(
                "positions", logits(batch, mask, positions).get("1, 2:").toFloatArray(), alone);
    }

    @Test
    void positions_actByTheirDifferencesOnly() {
        NDArray ids = ids(IDS);
        NDArray mask = ids.onesLike();
        float[] near = logits(ids).toFloatArray();
        NDArray shifted = manager.arange(20, 25, 1, DataType.INT64).expandDims(0);
        Tolerance.FLOAT32.check("shifted", logits(ids, mask, shifted).toFloatArray(), near);
        NDArray spread = manager.create(new long[] {0, 2, 4, 6, 8}).expandDims(0);
        assertThat(logits(ids, mask, spread).toFloatArray()).isNotEqualTo(near);
    }

    @ParameterizedTest
    @CsvSource({"5, 4, false", "5, 4, true", "130, 4, false", "5, 24, false", "5, 24, true", "5, 40, false"})
    void fusedAttention_isTheComposedOne(int tokens, int headSize, boolean masked) {
        NDArray q = manager.randomNormal(new Shape(2, tokens, 4 * headSize));
        NDArray k = manager.randomNormal(new Shape(2, tokens, 2 * headSize));
        NDArray v = manager.randomNormal(new Shape(2, tokens, 2 * headSize));
        NDArray angle = manager.randomNormal(new Shape(tokens, headSize / 2));
        NDArray both = angle.concat(angle, 1);
        Optional<NDArray> mask = masked
                ? Optional.of(manager.arange(tokens)
                        .expandDims(0)
                        .lte(manager.arange(tokens).expandDims(1))
                        .reshape(1, 1, tokens, tokens))
                : Optional.empty();
        RotaryAttention attention =
                new RotaryAttention(both.cos(), angle.neg().concat(angle, 1).sin(), mask, 0);
        float[] composed = attention.composed(q, k, v, Optional.empty()).toFloatArray();
        Tolerance.FLOAT32.check(
                "fused", attention.attend(q, k, v, Optional.empty()).toFloatArray(), composed);
        LayerCache cache = new LayerCache(manager, tokens + 4);
        Tolerance.FLOAT32.check(
                "cached", attention.attend(q, k, v, Optional.of(cache)).toFloatArray(), composed);
        assertThat(cache.tokens()).isEqualTo(tokens);
        LayerCache other = new LayerCache(manager, tokens + 4);
        Tolerance.FLOAT32.check(
                "composed, cached",
                attention.composed(q, k, v, Optional.of(other)).toFloatArray(),
                composed);

        NDArray dy = manager.randomNormal(q.getShape());
        List<float[]> expected = gradients(() -> attention.composed(q, k, v, Optional.empty()), dy, q, k, v);
        List<float[]> actual = gradients(() -> attention.attend(q, k, v, Optional.empty()), dy, q, k, v);
        for (int i = 0; i < expected.size(); i++) {
            Tolerance.FLOAT32.check("gradient of " + "qkv".charAt(i), actual.get(i), expected.get(i));
        }
    }

    /** The gradients of sum(y dy), which are zero again afterwards. */
    private static List<float[]> gradients(Supplier<NDArray> y, NDArray dy, NDArray... leaves) {
        List.of(leaves).forEach(leaf -> leaf.setRequiresGradient(true));
        TorchAutograd.backward(TorchAutograd.with(true, y), dy);
        return Stream.of(leaves)
                .map(leaf -> {
                    float[] gradient =
                            TorchAutograd.gradient(leaf).orElseThrow().toFloatArray();
                    TorchAutograd.zero(leaf);
                    return gradient;
                })
                .toList();
    }

    @Test
    void parametersMeantForOthers_areIgnored() {
        NDList ids = new NDList(ids(IDS));
        LlamaModel decoder = new LlamaModel(TinyLlama.CONFIG);
        decoder.initialize(manager, DataType.FLOAT32, new Shape(1, IDS.length));
        PairList<String, Object> others = new PairList<>(List.of("temperature"), List.of(0.5));
        assertThat(decoder.forward(store, ids, false, others).singletonOrThrow().toFloatArray())
                .isEqualTo(decoder.forward(store, ids, false).singletonOrThrow().toFloatArray());
    }

    @Test
    void loss_isTheCrossEntropyOfTheNextToken() {
        NDArray ids = ids(IDS);
        NDArray labels = ids(-100, 7, 11, -100, 5);
        float loss = model.loss(store, new NDList(ids), labels, false).getFloat();
        NDArray expected = CrossEntropyLoss.of(logits(ids).get(":, :4"), labels.get(":, 1:"));
        Tolerance.FLOAT32.check("loss", new float[] {loss}, expected.toFloatArray());
    }

    @Test
    void sequencesAndTokensThatDoNotFit_areRefused() {
        assertThatThrownBy(() -> logits(manager.zeros(new Shape(1, 65), DataType.INT64)))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("a sequence of 65 tokens does not fit: the model has positions for 64");
        assertThatThrownBy(() -> logits(ids(1, 19)))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("token id 19 is outside the model's vocabulary of 19");
        assertThatThrownBy(() -> logits(ids(-1, 1)))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("token id -1");
        NDArray ids = ids(1, 2);
        assertThatThrownBy(() -> logits(ids, ids.onesLike(), ids(3, 64)))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("65 tokens");
    }

    @Test
    void savedModel_loadsWithTheSameBits(@TempDir Path directory) throws IOException {
        model.save(directory);
        LlamaForCausalLm loaded = LlamaForCausalLm.load(directory, manager);
        assertThat(loaded.config()).isEqualTo(model.config());
        loaded.tensors()
                .forEach((name, parameter) -> assertThat(parameter.getArray().toFloatArray())
                        .as(name)
                        .isEqualTo(model.tensors().get(name).getArray().toFloatArray()));
    }

    @Test
    void trainingSteps_leaveNoArrays() {
        NDArray ids = ids(IDS);
        step(ids);
        int arrays = manager.getManagedArrays().size();
        for (int i = 0; i < 20; i++) {
            step(ids);
        }
        assertThat(manager.getManagedArrays()).hasSize(arrays);
    }

    private void step(NDArray ids) {
        try (NDScope scope = new NDScope();
                TorchAutograd gradients = TorchAutograd.enabled()) {
            scope.suppressNotUsedWarning();
            TorchAutograd.backward(model.loss(store, new NDList(ids, ids.onesLike()), ids, true));
        }
    }

    @Test
    void forwardWithoutScope_leavesNothingInTheModelsManager() {
        try (NDManager first = manager.newSubManager()) {
            model.forward(store, new NDList(first.create(IDS).expandDims(0)), false);
        }
        int arrays = manager.getManagedArrays().size();
        try (NDManager inner = manager.newSubManager()) {
            NDArray ids = inner.create(new long[] {0, 0, 3, 4}).reshape(1, 4);
            NDArray mask = inner.create(new long[] {0, 0, 1, 1}).reshape(1, 4);
            NDArray positions = inner.create(new long[] {0, 0, 0, 1}).reshape(1, 4);
            model.forward(store, new NDList(ids, mask, positions), false);
        }
        assertThat(manager.getManagedArrays()).hasSize(arrays);
    }

    /** Without a scope around it: what a layer makes is closed once the next one has run. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void forwardWithoutScope_leavesAsManyArraysOfManyLayersAsOfOne(boolean padded) {
        assertThat(arraysLeft(5, padded)).isEqualTo(arraysLeft(1, padded));
    }

    private List<Integer> arraysLeft(int layers, boolean padded) {
        LlamaForCausalLm deep =
                LlamaForCausalLm.create(TinyLlama.builder().setLayers(layers).build(), manager, 4);
        return List.of(arraysLeft(deep, padded), PiecewiseLinear.in(deep, () -> arraysLeft(deep, padded)));
    }

    private int arraysLeft(LlamaForCausalLm deep, boolean padded) {
        try (NDManager own = manager.newSubManager()) {
            NDList inputs = new NDList(own.create(IDS).expandDims(0));
            if (padded) {
                inputs.add(own.create(new long[] {0, 0, 1, 1, 1}).expandDims(0));
            }
            deep.forward(new ParameterStore(own, false), inputs, false);
            return own.getManagedArrays().size();
        }
    }
}
