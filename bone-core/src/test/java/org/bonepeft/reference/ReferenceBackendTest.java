package org.bonepeft.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Stream;
import org.bonepeft.BoneException;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.bonepeft.testkit.BackendContract;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class ReferenceBackendTest {
    private final ReferenceBackend backend = new ReferenceBackend();

    @TestFactory
    Stream<DynamicTest> contract() {
        return BackendContract.cases(
                        backend,
                        (values, shape) -> DoubleTensor.of(shape, values),
                        DoubleTensor::toArray,
                        Tolerance.FLOAT64)
                .entrySet()
                .stream()
                .map(test -> DynamicTest.dynamicTest(test.getKey(), test.getValue()::run));
    }

    @Test
    void add_reuse_writesIntoTheFirst() {
        DoubleTensor a = DoubleTensor.of(Shape.of(2), 1, 2);
        backend.add(a, a, true);
        assertThat(a.toArray()).containsExactly(2, 4);
        assertThat(backend.allocatedElements()).isZero();
        assertThat(backend.operations()).isEqualTo(2);
    }

    @Test
    void reshape_ofRowMajorIsAView_ofPermutedACopy() {
        DoubleTensor a = DoubleTensor.zeros(Shape.of(2, 3));
        backend.reshape(a, Shape.of(6));
        assertThat(backend.allocatedElements()).isZero();
        backend.reshape(backend.permute(a, List.of(1, 0)), Shape.of(6));
        assertThat(backend.allocatedElements()).isEqualTo(6);
    }

    @Test
    void dropoutMask_sameSeedSameMask() {
        DoubleTensor like = DoubleTensor.zeros(Shape.of(64));
        assertThat(new ReferenceBackend(7).dropoutMask(like, 0.5).toArray())
                .isEqualTo(new ReferenceBackend(7).dropoutMask(like, 0.5).toArray())
                .isNotEqualTo(new ReferenceBackend(8).dropoutMask(like, 0.5).toArray());
    }

    @Test
    void cast_toInteger_throws() {
        assertThatThrownBy(() -> backend.cast(DoubleTensor.zeros(Shape.of(1)), DType.I32))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("I32");
    }

    @Test
    void tensor_wrongLength_throws() {
        assertThatThrownBy(() -> DoubleTensor.of(Shape.of(2, 2), 1, 2, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("3 elements for shape [2, 2]");
    }
}
