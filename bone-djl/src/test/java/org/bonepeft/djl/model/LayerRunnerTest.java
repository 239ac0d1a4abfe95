package org.bonepeft.djl.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LayerRunnerTest {
    private final NDManager manager = NDManager.newBaseManager();

    @AfterEach
    void close() {
        manager.close();
    }

    private static LayerRunner runner(boolean keepsInputs) {
        return new LayerRunner() {
            @Override
            public NDList run(NDList inputs, UnaryOperator<NDList> layer) {
                return layer.apply(inputs);
            }

            @Override
            public boolean keepsInputs() {
                return keepsInputs;
            }
        };
    }

    private static void assertClosed(NDArray array) {
        assertThatThrownBy(array::toFloatArray).isInstanceOf(IllegalStateException.class);
    }

    private NDArray passed(NDArray input) {
        NDArray output = input.add(1);
        assertThat(LayerRunner.passed(input, output)).isSameAs(output);
        assertThat(output.toFloatArray()).containsExactly(2);
        return input;
    }

    @Test
    void passed_closesTheInput_unlessTheRunnerKeepsIt() {
        assertClosed(passed(manager.create(new float[] {1})));
        LayerRunner.with(runner(false), () -> {
            assertClosed(passed(manager.create(new float[] {1})));
            return passed(LayerRunner.with(runner(true), () -> passed(manager.create(new float[] {1}))));
        });
        NDArray kept = LayerRunner.with(runner(true), () -> passed(manager.create(new float[] {1})));
        assertThat(kept.toFloatArray()).containsExactly(1);
        LayerRunner byDefault = (inputs, layer) -> layer.apply(inputs);
        kept = LayerRunner.with(byDefault, () -> passed(manager.create(new float[] {1})));
        assertThat(kept.toFloatArray()).containsExactly(1);
    }

    @Test
    void passed_theSameArray_staysOpen() {
        NDArray array = manager.create(new float[] {1});
        assertThat(LayerRunner.passed(array, array)).isSameAs(array);
        for (boolean keeps : new boolean[] {false, true}) {
            assertThat(LayerRunner.with(runner(keeps), () -> LayerRunner.passed(array, array)))
                    .isSameAs(array);
        }
        assertThat(array.toFloatArray()).containsExactly(1);
    }

    @Test
    void isChosen_onThisThreadWhileTheBodyRuns() {
        List<Boolean> seen = new ArrayList<>(List.of(LayerRunner.isChosen()));
        LayerRunner.with(runner(true), () -> {
            seen.add(LayerRunner.isChosen());
            return seen;
        });
        seen.add(LayerRunner.isChosen());
        assertThat(seen).containsExactly(false, true, false);
    }
}
