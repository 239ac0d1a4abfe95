package org.bonepeft.djl.model.roberta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.djl.AdaptedLinear;
import org.bonepeft.djl.AdaptedModel;
import org.bonepeft.djl.AdapterConfig;
import org.bonepeft.djl.Adapters;
import org.bonepeft.djl.LayerAdapter;
import org.bonepeft.djl.TestMethods;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.peft.Targets;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RobertaForwardTest {
    private static final int VOCABULARY = Tiny.CONFIG.vocabSize();

    /** Sizes in which every method finds its blocks. */
    private static final RobertaConfig SIXES = RobertaConfig.builder()
            .setVocabSize(12)
            .setHiddenSize(24)
            .setLayers(2)
            .setHeads(2)
            .setIntermediateSize(36)
            .optMaxPositions(10)
            .optInitializerRange(0.2)
            .build();

    private static List<AdapterMethod> methods() {
        return TestMethods.all(6);
    }

    private final NDManager manager = NDManager.newBaseManager();
    private final RobertaForMaskedLm model = RobertaForMaskedLm.create(Tiny.CONFIG, manager, 5);
    private final ParameterStore store = new ParameterStore(manager, false);
    private final NDArray ids = manager.create(new long[][] {{0, 7, 9, 5, 2}, {0, 8, 2, 1, 1}});
    private final NDArray mask = manager.create(new long[][] {{1, 1, 1, 1, 1}, {1, 1, 1, 0, 0}});

    @BeforeEach
    void seed() {
        manager.getEngine().setRandomSeed(1);
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private float[] run(Block block, boolean training, NDArray... inputs) {
        return block.forward(store, new NDList(inputs), training)
                .singletonOrThrow()
                .toFloatArray();
    }

    @Test
    void forward_paddedBatch_equalsTheRowsAlone() {
        float[] batch = run(model, false, ids, mask);
        Tolerance.FLOAT32.check(
                "first row",
                Arrays.copyOfRange(batch, 0, 5 * VOCABULARY),
                run(model, false, manager.create(new long[][] {{0, 7, 9, 5, 2}})));
        Tolerance.FLOAT32.check(
                "second row without its padding",
                Arrays.copyOfRange(batch, 5 * VOCABULARY, 8 * VOCABULARY),
                run(model, false, manager.create(new long[][] {{0, 8, 2}})));
    }

    /** The last layer is computed for the first token only; here for all, whatever adapters its linears carry. */
    @ParameterizedTest
    @MethodSource("methods")
    void classifier_isItsHeadOnTheWholeEncoder(AdapterMethod method) {
        RobertaForSequenceClassification classifier = RobertaForSequenceClassification.create(SIXES, manager, 5);
        AdaptedModel adapted = Adapters.attach(
                classifier,
                AdapterConfig.builder()
                        .setMethod(method)
                        .setTargets(Targets.of("query", "key", "value", "dense"))
                        .build());
        int wave = 0;
        for (AdaptedLinear layer : adapted.layersOf("default").values()) {
            LayerAdapter adapter = layer.adapters().get("default");
            for (String label : adapter.parameters().keySet()) {
                NDArray start = adapter.parameters().get(label).getArray().stopGradient();
                NDArray moved = manager.arange(start.size()).add(wave++).sin().mul(0.2f);
                adapter.assign(label, start.add(moved.reshape(start.getShape()).toType(DataType.FLOAT32, false)));
            }
        }
        Block head = classifier.namedChildren().get("classifier");
        NDList inputs = new NDList(ids, mask);
        Map<String, float[]> ofAll = gradients(
                classifier, () -> head.forward(store, classifier.encoder().forward(store, inputs, false), false));
        Map<String, float[]> ofFirst = gradients(classifier, () -> classifier.forward(store, inputs, false));
        assertThat(ofFirst.keySet()).isEqualTo(ofAll.keySet()).hasSizeGreaterThan(12);
        ofAll.forEach((name, values) -> Tolerance.FLOAT32.check(name, ofFirst.get(name), values));
    }

    /** The logits, and the gradients of all parameters for a cotangent of 1, 2, 3, ... */
    private Map<String, float[]> gradients(Block model, Supplier<NDList> forward) {
        Map<String, float[]> results = new LinkedHashMap<>();
        NDArray logits = TorchAutograd.with(true, () -> forward.get().singletonOrThrow());
        results.put("logits", logits.stopGradient().toFloatArray());
        TorchAutograd.backward(logits, manager.arange(1f, logits.size() + 1f).reshape(logits.getShape()));
        model.getParameters().forEach(pair -> {
            NDArray array = pair.getValue().getArray();
            TorchAutograd.gradient(array).ifPresent(gradient -> results.put(pair.getKey(), gradient.toFloatArray()));
            TorchAutograd.zero(array);
        });
        return results;
    }

    @Test
    void forward_classifier_paddedBatchEqualsTheRowAlone() {
        Block classifier = RobertaForSequenceClassification.create(Tiny.CONFIG, manager, 5);
        float[] batch = run(classifier, false, ids, mask);
        Tolerance.FLOAT32.check(
                "second row",
                Arrays.copyOfRange(batch, 2, 4),
                run(classifier, false, manager.create(new long[][] {{0, 8, 2}})));
    }

    @Test
    void forward_withoutPadding_needsNoMaskAndNoTypes() {
        NDArray row = manager.create(new long[][] {{0, 7, 9, 5, 2}});
        float[] bare = run(model, false, row);
        assertThat(run(model, false, row, row.onesLike(), row.zerosLike())).containsExactly(bare);
    }

    @Test
    void forward_maskOfBooleansAndIdsOfInts_areTheSame() {
        float[] expected = run(model, false, ids, mask);
        assertThat(run(model, false, ids.toType(DataType.INT32, true), mask.neq(0)))
                .containsExactly(expected);
    }

    @Test
    void forward_inference_hasNoDropout() {
        assertThat(run(model, false, ids, mask)).containsExactly(run(model, false, ids, mask));
    }

    @Test
    void forward_training_hasDropoutThatFollowsTheSeed() {
        float[] first = run(model, true, ids, mask);
        float[] second = run(model, true, ids, mask);
        seed();
        assertThat(run(model, true, ids, mask)).containsExactly(first).isNotEqualTo(second);
        assertThat(first).isNotEqualTo(run(model, false, ids, mask));
    }

    @Test
    void logitsAt_equalsThoseRowsOfForward() {
        float[] all = run(model, false, ids, mask);
        NDArray some = model.logitsAt(store, new NDList(ids, mask), manager.create(new long[] {7, 1}), false);
        Tolerance.FLOAT32.check(
                "[7]",
                Arrays.copyOfRange(some.toFloatArray(), 0, VOCABULARY),
                Arrays.copyOfRange(all, 7 * VOCABULARY, 8 * VOCABULARY));
        Tolerance.FLOAT32.check(
                "[1]",
                Arrays.copyOfRange(some.toFloatArray(), VOCABULARY, 2 * VOCABULARY),
                Arrays.copyOfRange(all, VOCABULARY, 2 * VOCABULARY));
    }

    @Test
    void forward_moreTokensThanPositions_saysHowManyFit() {
        assertThatThrownBy(() -> run(model, false, manager.ones(new Shape(1, 9))))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("9 tokens")
                .hasMessageContaining("positions for 8");
    }

    @Test
    void forward_tokenOutsideTheVocabulary_namesIt() {
        assertThatThrownBy(() -> run(model, false, manager.create(new long[][] {{0, 12}})))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("token id 12")
                .hasMessageContaining("vocabulary of 12");
        assertThatThrownBy(() -> run(model, false, manager.create(new long[][] {{-1, 3}})))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("token id -1");
    }

    @Test
    void getOutputShapes_areThoseOfForward() {
        Shape[] in = {ids.getShape()};
        assertThat(model.getOutputShapes(in)[0].getShape()).containsExactly(2, 5, VOCABULARY);
        assertThat(model.encoder().getOutputShapes(in)[0].getShape()).containsExactly(2, 5, 8);
        assertThat(new RobertaForSequenceClassification(Tiny.CONFIG).getOutputShapes(in)[0].getShape())
                .containsExactly(2, 2);
    }
}
