package org.bonepeft.djl.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HiddenActivationTest {
    /** Values of Phi and tanh from tables. */
    @ParameterizedTest
    @CsvSource({
        "GELU, 1, 0.8413447",
        "GELU, -1, -0.1586553",
        "GELU, 3, 2.9959503",
        "GELU_NEW, 1, 0.8411920",
        "GELU_NEW, -1, -0.1588080",
        "GELU_PYTORCH_TANH, 1, 0.8411920",
        "RELU, 1, 1",
        "RELU, -1, 0"
    })
    void apply_knownPoints(HiddenActivation activation, float x, float expected) {
        try (NDManager manager = NDManager.newBaseManager()) {
            assertThat(activation.apply(manager.create(x)).getFloat()).isCloseTo(expected, within(1e-6f));
        }
    }
}
