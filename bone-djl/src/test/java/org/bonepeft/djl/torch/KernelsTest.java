package org.bonepeft.djl.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.bonepeft.djl.torch.Kernels.Reduction;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The fast kernels against the composed ones, values and gradients, in both precisions. */
class KernelsTest {
    private NDManager manager;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private NDArray wave(DataType type, double phase, long... shape) {
        return Wave.of(manager, type, phase, shape);
    }

    /** Runs one kernel in both implementations and both precisions and compares. */
    private void check(BiFunction<Kernels, NDArray[], NDArray> kernel, Function<DataType, NDArray[]> inputs) {
        for (DataType type : List.of(DataType.FLOAT32, DataType.FLOAT64)) {
            NDArray[] arrays = inputs.apply(type);
            List<double[]> expected = Wave.run(() -> kernel.apply(Kernels.composed(), arrays), arrays);
            List<double[]> actual = Wave.run(() -> kernel.apply(Kernels.of(manager), arrays), arrays);
            for (int i = 0; i < expected.size(); i++) {
                (type == DataType.FLOAT32 ? Tolerance.FLOAT32 : Tolerance.FLOAT64)
                        .check(i == 0 ? "value" : "gradient " + (i - 1), actual.get(i), expected.get(i));
            }
        }
    }

    @Test
    void of_pyTorch_isTheFastOne() {
        assertThat(Kernels.of(manager)).isInstanceOf(TorchKernels.class);
    }

    /** Up to {@link FewRows#MOST} rows and above, with outputs that can be divided into parts and that cannot. */
    @ParameterizedTest
    @CsvSource({"1, 320", "2, 320", "3, 320", "4, 320", "5, 320", "1, 300", "4, 300", "5, 300"})
    void linear_anyNumberOfRows_agrees(long rows, long out) {
        check((kernels, in) -> kernels.linear(in[0], in[1], Optional.of(in[2])), type ->
                new NDArray[] {wave(type, 0, rows, 1, 256), wave(type, 1, out, 256), wave(type, 2, out)});
        check((kernels, in) -> kernels.linear(in[0], in[1], Optional.empty()), type ->
                new NDArray[] {wave(type, 0, rows, 256), wave(type, 1, out, 256)});
        // The weight is a view whose elements do not lie in their order.
        check((kernels, in) -> kernels.linear(in[0], in[1].transpose(), Optional.of(in[2])), type ->
                new NDArray[] {wave(type, 0, 1, rows, 256), wave(type, 1, 256, out), wave(type, 2, out)});
    }

    @Test
    void linear_rowsThatLieApart_agree() {
        check((kernels, in) -> kernels.linear(in[0].transpose(), in[1], Optional.empty()), type ->
                new NDArray[] {wave(type, 0, 256, 3), wave(type, 1, 320, 256)});
        check((kernels, in) -> kernels.linear(in[0].get(":, -1"), in[1], Optional.empty()), type ->
                new NDArray[] {wave(type, 0, 2, 3, 256), wave(type, 1, 320, 256)});
    }

    @ParameterizedTest
    @CsvSource({
        "FULL, 5, 5, 4, NONE",
        "FULL, 3, 5, 2, NONE",
        "CAUSAL, 5, 5, 4, NONE",
        "CAUSAL, 5, 5, 1, NONE",
        "CAUSAL, 3, 5, 2, NONE",
        "CAUSAL, 1, 5, 2, NONE",
        "FULL, 5, 5, 4, ADDED",
        "CAUSAL, 5, 5, 2, ADDED",
        "FULL, 3, 5, 2, BOOLEAN",
        "CAUSAL, 3, 5, 2, BOOLEAN",
        "FULL, 3, 5, 2, PER_HEAD",
        "CAUSAL, 5, 5, 1, FLAT",
        "FULL, 5, 5, 4, NOTHING_ALLOWED"
    })
    void attention_anyKind_agrees(String kind, long queries, long keys, long groups, String mask) {
        check(
                (kernels, in) -> {
                    Attention how = (kind.equals("FULL") ? Attention.FULL : Attention.CAUSAL).withScale(0.4);
                    return kernels.attention(in[0], in[1], in[2], masked(how, mask, in[0], keys));
                },
                type -> new NDArray[] {
                    wave(type, 0, 2, 4, queries, 6),
                    wave(type, 1, 2, groups, keys, 6),
                    wave(type, 2, 2, groups, keys, 6)
                });
    }

    private Attention masked(Attention how, String mask, NDArray q, long keys) {
        return switch (mask) {
            case "ADDED" ->
                how.withMask(wave(q.getDataType(), 5, 2, 1, q.getShape().get(2), keys));
            case "PER_HEAD" ->
                how.withMask(wave(q.getDataType(), 5, 1, 4, q.getShape().get(2), keys));
            case "FLAT" -> how.withMask(wave(q.getDataType(), 5, q.getShape().get(2), keys));
            case "BOOLEAN" ->
                how.withMask(wave(DataType.FLOAT32, 5, 2, 1, 1, keys).gt(-0.5));
            case "NOTHING_ALLOWED" ->
                how.withMask(
                        wave(DataType.FLOAT32, 5, 2, 1, q.getShape().get(2), 1).gt(0));
            default -> how;
        };
    }

    @Test
    void attention_dropout_keepsTheMeanAndZerosSome() {
        NDArray zeros = manager.zeros(new Shape(1, 1, 64, 8));
        NDArray ones = manager.ones(new Shape(1, 1, 64, 8));
        for (Kernels kernels : List.of(Kernels.composed(), Kernels.of(manager))) {
            NDArray y = kernels.attention(zeros, zeros, ones, Attention.FULL.withDropout(0.5));
            // Each row is (survivors of 64) / 32: mean 1, deviation 1/8 per row.
            assertThat(y.mean().getFloat()).isBetween(0.9f, 1.1f);
            assertThat(y.max().getFloat() - y.min().getFloat()).isGreaterThan(0.1f);
        }
    }

    @Test
    void rmsNorm_agrees() {
        check((kernels, in) -> kernels.rmsNorm(in[0], in[1], 1e-3), type ->
                new NDArray[] {wave(type, 0, 3, 5, 8), wave(type, 1, 8)});
    }

    @Test
    void rotary_agrees() {
        check(
                (kernels, in) ->
                        kernels.rotary(in[0], wave(in[0].getDataType(), 1, 5, 8), wave(in[0].getDataType(), 2, 5, 8)),
                type -> new NDArray[] {wave(type, 0, 2, 3, 5, 8)});
    }

    @Test
    void swiGlu_agrees() {
        check((kernels, in) -> kernels.swiGlu(in[0], in[1]), type ->
                new NDArray[] {wave(type, 0, 4, 6), wave(type, 1, 4, 6)});
    }

    @Test
    void gelu_agrees() {
        check((kernels, in) -> kernels.gelu(in[0].mul(3)), type -> new NDArray[] {wave(type, 0, 4, 6)});
        check((kernels, in) -> kernels.geluTanh(in[0].mul(3)), type -> new NDArray[] {wave(type, 0, 4, 6)});
    }

    @ParameterizedTest
    @EnumSource(Reduction.class)
    void crossEntropy_agrees(Reduction reduction) {
        NDArray labels = manager.create(new long[] {3, -100, 0, 6, -100, 2}).reshape(2, 3);
        check((kernels, in) -> kernels.crossEntropy(in[0].mul(4), labels, -100, reduction), type ->
                new NDArray[] {wave(type, 0, 2, 3, 7)});
        for (int chunk : new int[] {1, 3, 100}) {
            check((kernels, in) -> kernels.linearCrossEntropy(in[0], in[1], labels, -100, reduction, chunk), type ->
                    new NDArray[] {wave(type, 0, 2, 3, 4), wave(type, 1, 7, 4)});
        }
    }

    @Test
    void crossEntropy_nothingCounts_isNaNAsInTorch() {
        NDArray labels = manager.create(new int[] {-100, -100});
        NDArray logits = wave(DataType.FLOAT32, 0, 2, 3);
        for (Kernels kernels : List.of(Kernels.composed(), Kernels.of(manager))) {
            assertThat(kernels.crossEntropy(logits, labels, -100, Reduction.MEAN)
                            .getFloat())
                    .isNaN();
            assertThat(kernels.crossEntropy(logits, labels, -100, Reduction.SUM).getFloat())
                    .isZero();
        }
    }

    @Test
    void crossEntropy_classesOfMinusInfinity_haveNoGradient() {
        NDArray logits =
                manager.create(new float[] {1, Float.NEGATIVE_INFINITY, 1}).reshape(1, 3);
        NDArray labels = manager.create(new long[] {0});
        List<double[]> results =
                Wave.run(() -> Kernels.of(manager).crossEntropy(logits, labels, -100, Reduction.SUM), logits);
        double dy = Math.sin(3);
        Tolerance.FLOAT32.check("loss", results.get(0), new double[] {Math.log(2)});
        Tolerance.FLOAT32.check("gradient", results.get(1), new double[] {-dy / 2, 0, dy / 2});
    }

    @Test
    void crossEntropy_labelOutOfRange_throws() {
        NDArray logits = wave(DataType.FLOAT32, 0, 1, 3);
        assertThatThrownBy(() ->
                        Kernels.of(manager).crossEntropy(logits, manager.create(new long[] {3}), -100, Reduction.MEAN))
                .isInstanceOf(EngineException.class)
                .hasMessageContaining("out of bounds");
    }

    @ParameterizedTest
    @CsvSource({"5, 3", "3, 5", "4, 4"})
    void svdAndQr_rebuildTheMatrix(long rows, long columns) {
        NDArray a = manager.randomNormal(0, 1, new Shape(rows, columns), DataType.FLOAT64);
        double[] singular = Wave.doubles(Kernels.of(manager).svd(a).s());
        for (Kernels kernels : List.of(Kernels.composed(), Kernels.of(manager))) {
            Kernels.Svd svd = kernels.svd(a);
            Tolerance.FLOAT64.check("s", Wave.doubles(svd.s()), singular);
            Tolerance.FLOAT64.check("u s vt", Wave.doubles(svd.u().mul(svd.s()).matMul(svd.vt())), Wave.doubles(a));
            checkOrthonormal(svd.u());
            checkOrthonormal(svd.vt().transpose());
            Kernels.Qr qr = kernels.qr(a);
            Tolerance.FLOAT64.check("q r", Wave.doubles(qr.q().matMul(qr.r())), Wave.doubles(a));
            checkOrthonormal(qr.q());
            assertThat(qr.r().get(1, 0).getDouble()).isZero();
        }
    }

    private void checkOrthonormal(NDArray columns) {
        long k = columns.getShape().get(1);
        NDArray identity = manager.eye((int) k).toType(DataType.FLOAT64, false);
        Tolerance.FLOAT64.check(
                "orthonormal", Wave.doubles(columns.transpose().matMul(columns)), Wave.doubles(identity));
    }

    @Test
    void svdLowRank_matrixOfThatRank_isExact() {
        NDArray a = manager.randomNormal(0, 1, new Shape(12, 3), DataType.FLOAT64)
                .matMul(manager.randomNormal(0, 1, new Shape(3, 9), DataType.FLOAT64));
        for (Kernels kernels : List.of(Kernels.composed(), Kernels.of(manager))) {
            Kernels.Svd svd = kernels.svdLowRank(a, 3, 1);
            Tolerance.FLOAT64.check("u s vt", Wave.doubles(svd.u().mul(svd.s()).matMul(svd.vt())), Wave.doubles(a));
        }
    }

    @ParameterizedTest
    @CsvSource({"512, 2048", "4096, 256", "32000, 256", "128256, 64", "10000000, 16"})
    void chunkRows_areManyButSmall(long classes, int rows) {
        assertThat(Kernels.chunkRows(classes)).isEqualTo(rows);
    }
}
