package org.bonepeft.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.bonepeft.BoneException;
import org.bonepeft.graph.Decompositions.Qr;
import org.bonepeft.graph.Decompositions.Svd;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.bonepeft.testkit.Reference;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReferenceDecompositionsTest {
    private final ReferenceBackend backend = new ReferenceBackend();
    private final ReferenceDecompositions decompositions = new ReferenceDecompositions(1);

    private DoubleTensor transposed(DoubleTensor a) {
        return backend.permute(a, List.of(1, 0));
    }

    private DoubleTensor product(Svd<DoubleTensor> svd) {
        return backend.matMul(backend.mul(svd.u(), svd.s()), svd.vt());
    }

    private static void close(String what, DoubleTensor actual, DoubleTensor expected) {
        assertThat(actual.shape()).isEqualTo(expected.shape());
        Tolerance.FLOAT64.check(what, actual.toArray(), expected.toArray());
    }

    private void orthonormalColumns(DoubleTensor q) {
        close(
                "orthonormal",
                backend.matMul(transposed(q), q),
                backend.identity(q.shape().dim(1), DType.F64));
    }

    private void checkSvd(DoubleTensor a) {
        Svd<DoubleTensor> svd = decompositions.svd(a);
        orthonormalColumns(svd.u());
        orthonormalColumns(transposed(svd.vt()));
        assertThat(svd.s().toArray()).isSortedAccordingTo((x, y) -> Double.compare(y, x));
        assertThat(svd.s().toArray()[(int) svd.s().shape().dim(0) - 1]).isNotNegative();
        close("u s vt", product(svd), a);
    }

    @ParameterizedTest
    @CsvSource({"5, 5", "9, 4", "4, 9", "1, 3", "3, 1", "40, 30"})
    void svd(long m, long n) {
        checkSvd(Reference.random(Shape.of(m, n), 1));
        checkSvd(transposed(Reference.random(Shape.of(n, m), 2)));
    }

    @Test
    void svd_knownValues() {
        // diag(3, 2) between rotations by 30 and 45 degrees has these singular values whatever the rotations.
        double c = Math.sqrt(3) / 2;
        double d = Math.sqrt(0.5);
        DoubleTensor left = DoubleTensor.of(Shape.of(2, 2), c, -0.5, 0.5, c);
        DoubleTensor right = DoubleTensor.of(Shape.of(2, 2), d, -d, d, d);
        DoubleTensor a = backend.matMul(backend.mul(left, DoubleTensor.of(Shape.of(2), 2, 3)), right);
        Tolerance.FLOAT64.check("s", decompositions.svd(a).s().toArray(), new double[] {3, 2});
    }

    @Test
    void svd_rankDeficient_vectorsAreStillOrthonormal() {
        DoubleTensor low = backend.matMul(Reference.random(Shape.of(7, 2), 1), Reference.random(Shape.of(2, 5), 2));
        checkSvd(low);
        assertThat(decompositions.svd(low).s().toArray()[2]).isLessThan(1e-12);
        checkSvd(DoubleTensor.zeros(Shape.of(4, 3)));
    }

    @Test
    void svd_notFinite_throws() {
        assertThatThrownBy(() -> decompositions.svd(DoubleTensor.of(Shape.of(2, 1), 1, Double.NaN)))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("not finite");
    }

    @ParameterizedTest
    @CsvSource({"5, 5", "9, 4", "4, 9", "1, 3", "3, 1"})
    void qr(long m, long n) {
        DoubleTensor a = Reference.random(Shape.of(m, n), 3);
        Qr<DoubleTensor> qr = decompositions.qr(a);
        orthonormalColumns(qr.q());
        close("q r", backend.matMul(qr.q(), qr.r()), a);
        double[] r = qr.r().toArray();
        for (int i = 0; i < qr.r().shape().dim(0); i++) {
            for (int j = 0; j < i; j++) {
                assertThat(r[i * (int) n + j]).isZero();
            }
        }
    }

    @Test
    void lowRankSvd_findsTheLargestOfADecayingSpectrum() {
        Svd<DoubleTensor> random = decompositions.svd(Reference.random(Shape.of(20, 15), 4));
        double[] decaying = new double[15];
        for (int i = 0; i < decaying.length; i++) {
            decaying[i] = Math.pow(10, -i);
        }
        DoubleTensor a = product(new Svd<>(random.u(), DoubleTensor.of(Shape.of(15), decaying), random.vt()));
        Svd<DoubleTensor> low = decompositions.lowRankSvd(a, 6, 4);
        assertThat(low.u().shape()).isEqualTo(Shape.of(20, 6));
        assertThat(low.vt().shape()).isEqualTo(Shape.of(6, 15));
        orthonormalColumns(low.u());
        Tolerance.FLOAT64.check("s", low.s().toArray(), java.util.Arrays.copyOf(decaying, 6));
        DoubleTensor rest = backend.sub(a, product(low));
        assertThat(decompositions.svd(rest).s().toArray()[0]).isBetween(0.99e-6, 1.01e-6);
    }

    @Test
    void lowRankSvd_iterationsSharpenAFlatSpectrum() {
        DoubleTensor a = Reference.random(Shape.of(40, 40), 6);
        double exact = decompositions.svd(a).s().toArray()[0];
        double none = Math.abs(decompositions.lowRankSvd(a, 8, 0).s().toArray()[0] - exact);
        double four = Math.abs(decompositions.lowRankSvd(a, 8, 4).s().toArray()[0] - exact);
        assertThat(four).isLessThan(none / 10);
    }
}
