package org.bonepeft.djl.backend;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.RepeatedTest;

class ScalarsTest {
    @RepeatedTest(10)
    void times_garbageCollectedBeforeBackward_hasTheRightGradient() {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray x = manager.ones(new Shape(4));
            x.setRequiresGradient(true);
            List<ByteBuffer> garbage = new ArrayList<>();
            try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
                NDArray y = Scalars.times(x, 3);
                System.gc();
                for (int i = 0; i < 2000; i++) {
                    garbage.add(ByteBuffer.allocateDirect(4).putInt(0, -1));
                }
                collector.backward(y.sum());
            }
            assertThat(x.getGradient().toFloatArray()).containsOnly(3);
        }
    }
}
