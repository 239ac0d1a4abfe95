package org.bonepeft.djl.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.OptionalInt;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.djl.torch.TorchTypes;
import org.bonepeft.tensor.DType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ModelBlockTest {
    private static final float[] WEIGHT = {1, 2, 3, 4, 5, 6, 7, 8};

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "BF16"})
    void embedding_ofPadding_isLookedUpButGetsNoGradient(DType type) {
        float[] rows = {3, 4, 1, 2, 5, 6, 1, 2, 1, 2, 7, 8};
        check(type, OptionalInt.of(0), rows, 0, 0, 1, 1, 1, 1, 1, 1);
        check(type, OptionalInt.empty(), rows, 3, 3, 1, 1, 1, 1, 1, 1);
    }

    private static void check(DType type, OptionalInt padding, float[] rows, float... gradient) {
        try (NDManager manager = NDManager.newBaseManager();
                TorchAutograd gradients = TorchAutograd.enabled()) {
            NDArray ids = manager.create(new long[][] {{1, 0, 2}, {0, 0, 3}});
            NDArray weight = TorchTypes.cast(manager.create(WEIGHT, new Shape(4, 2)), type);
            weight.setRequiresGradient(true);
            NDArray y = ModelBlock.embedding(ids, weight, padding);
            assertThat(y.getShape()).isEqualTo(new Shape(2, 3, 2));
            assertThat(TorchTypes.floats(y)).containsExactly(rows);
            TorchAutograd.backward(y, TorchTypes.cast(manager.ones(y.getShape()), type));
            assertThat(TorchTypes.floats(TorchAutograd.gradient(weight).orElseThrow()))
                    .containsExactly(gradient);
            assertThat(gradients).isNotNull();
        }
    }
}
