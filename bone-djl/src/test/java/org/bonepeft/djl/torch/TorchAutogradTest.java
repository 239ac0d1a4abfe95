package org.bonepeft.djl.torch;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import org.junit.jupiter.api.Test;

@SuppressWarnings("try")
class TorchAutogradTest {
    @Test
    void close_nested_restoresTheFormerMode() {
        try (TorchAutograd off = TorchAutograd.disabled()) {
            try (TorchAutograd on = TorchAutograd.enabled()) {
                assertThat(TorchAutograd.isEnabled()).isTrue();
            }
            assertThat(TorchAutograd.isEnabled()).isFalse();
        }
    }

    @Test
    void backward_calledTwice_addsUpUntilZeroed() {
        try (NDManager manager = NDManager.newBaseManager();
                TorchAutograd on = TorchAutograd.enabled()) {
            NDArray x = manager.create(new float[] {1, 2});
            assertThat(TorchAutograd.gradient(x)).isEmpty();
            x.setRequiresGradient(true);
            TorchAutograd.backward(x.mul(x), manager.create(new float[] {1, 10}));
            TorchAutograd.backward(x.sum());
            assertThat(TorchAutograd.gradient(x).orElseThrow().toFloatArray()).containsExactly(3, 41);
            TorchAutograd.zero(x);
            assertThat(TorchAutograd.gradient(x).orElseThrow().toFloatArray()).containsExactly(0, 0);
        }
    }
}
