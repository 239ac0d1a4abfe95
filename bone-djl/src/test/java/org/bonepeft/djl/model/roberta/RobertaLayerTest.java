package org.bonepeft.djl.model.roberta;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.Random;
import org.bonepeft.djl.model.Attention;
import org.bonepeft.djl.model.HfWeights;
import org.bonepeft.djl.model.HiddenActivation;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RobertaLayerTest {
    /** A linear that does not say what it computes, so that the layer around it is computed piece by piece. */
    private static final class Opaque extends Linear {
        private final Linear inner;

        Opaque(Linear inner) {
            super(Linear.builder().setUnits(1));
            this.inner = inner;
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
            return inner.forward(store, inputs, training);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "16, 2, 5, GELU, true, false", // short sequences, small heads
        "16, 2, 5, GELU, true, true",
        "16, 2, 5, GELU_NEW, false, false",
        "16, 2, 5, GELU_NEW, false, true",
        "80, 2, 5, RELU, true, false", // heads of 40
        "80, 2, 5, RELU, true, true",
        "80, 2, 5, GELU, false, true",
        "16, 2, 130, GELU, true, false", // a long sequence
        "16, 2, 130, GELU, true, true",
    })
    void layerInTwoCalls_isItsPieces(
            int hidden, int heads, int tokens, HiddenActivation activation, boolean padded, boolean firstOnly) {
        RobertaConfig config = RobertaConfig.builder()
                .setVocabSize(12)
                .setHiddenSize(hidden)
                .setLayers(1)
                .setHeads(heads)
                .setIntermediateSize(24)
                .optActivation(activation)
                .build();
        try (NDManager manager = NDManager.newBaseManager()) {
            RobertaLayer layer = new RobertaLayer(config);
            layer.setInitializer(HfWeights.normal(new Random(3), 0.3), Parameter.Type.WEIGHT);
            layer.setInitializer(HfWeights.normal(new Random(4), 0.3), Parameter.Type.BIAS);
            layer.initialize(manager, DataType.FLOAT32, new Shape(1, 1, hidden));
            NDArray x = manager.randomNormal(new Shape(2, tokens, hidden));
            NDList inputs = new NDList(x);
            if (padded) {
                NDArray present = manager.arange(tokens)
                        .lt(manager.create(new float[] {tokens, 3}).reshape(2, 1));
                inputs.add(Attention.paddingMask(present));
            }
            float[][] whole = run(layer, inputs, false, manager);
            float[][] fused = run(layer, inputs, firstOnly, manager);
            if (firstOnly) {
                Tolerance.FLOAT32.check("first", fused[0], rowsOfFirstTokens(whole[0], hidden, tokens));
            }
            layer.replaceChild(
                    "output.dense", new Opaque((Linear) layer.namedChildren().get("output.dense")));
            float[][] pieces = run(layer, inputs, firstOnly, manager);
            Tolerance.FLOAT32.check("y", fused[0], pieces[0]);
            Tolerance.FLOAT32.check("dx", fused[1], pieces[1]);
        }
    }

    private static float[] rowsOfFirstTokens(float[] y, int hidden, int tokens) {
        float[] rows = new float[2 * hidden];
        System.arraycopy(y, 0, rows, 0, hidden);
        System.arraycopy(y, tokens * hidden, rows, hidden, hidden);
        return rows;
    }

    /** Returns the output, and the gradient of the input for a cotangent that does not sum to nothing. */
    private static float[][] run(RobertaLayer layer, NDList inputs, boolean firstOnly, NDManager manager) {
        NDArray x = inputs.get(0);
        x.setRequiresGradient(true);
        PairList<String, Object> params = firstOnly ? RobertaLayer.FIRST_TOKEN : new PairList<>();
        NDArray y =
                TorchAutograd.with(true, () -> layer.forward(new ParameterStore(manager, false), inputs, false, params)
                        .singletonOrThrow());
        NDArray dy = manager.arange(y.size()).reshape(y.getShape()).sin().toType(DataType.FLOAT32, false);
        TorchAutograd.backward(y, dy);
        float[] dx = TorchAutograd.gradient(x).orElseThrow().toFloatArray();
        TorchAutograd.zero(x);
        return new float[][] {y.toFloatArray(), dx};
    }
}
