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
import org.bonepeft.BoneException;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RobertaForwardTest {
    private static final int VOCABULARY = Tiny.CONFIG.vocabSize();

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
