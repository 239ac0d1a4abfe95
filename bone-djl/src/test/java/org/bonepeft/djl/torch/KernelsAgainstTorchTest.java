package org.bonepeft.djl.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.util.List;
import org.bonepeft.djl.torch.Kernels.Reduction;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Both implementations against numbers that torch 2.13 computed in float64 from the same {@link Wave} inputs, the
 * gradients with the cotangent of phase 3; nine digits.
 */
class KernelsAgainstTorchTest {
    private NDManager manager;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private NDArray wave(double phase, long... shape) {
        return Wave.of(manager, DataType.FLOAT64, phase, shape);
    }

    private Kernels kernels(boolean fast) {
        return fast ? Kernels.of(manager) : Kernels.composed();
    }

    private static void check(List<double[]> actual, double[]... expected) {
        for (int i = 0; i < expected.length; i++) {
            Tolerance.FLOAT32.check(i == 0 ? "value" : "gradient " + (i - 1), actual.get(i), expected[i]);
        }
    }

    /** torch.nn.functional.scaled_dot_product_attention(q, k, v, tril(ones(2, 3), 1), enable_gqa=True). */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void attention_causalGrouped(boolean fast) {
        NDArray q = wave(0, 1, 2, 2, 4);
        NDArray k = wave(1, 1, 1, 3, 4);
        NDArray v = wave(2, 1, 1, 3, 4);
        check(
                Wave.run(() -> kernels(fast).attention(q, k, v, Attention.CAUSAL), q, k),
                new double[] {
                    0.584318636,
                    0.234159007,
                    -0.226129262,
                    -0.580065406,
                    -0.274596423,
                    -0.214576688,
                    -0.0536381841,
                    0.132527196,
                    0.0868414282,
                    -0.0616233126,
                    -0.181105647,
                    -0.215411165,
                    0.378020553,
                    0.224151823,
                    -0.0351390125,
                    -0.277903421
                },
                new double[] {
                    0.115732705,
                    0.156812583,
                    0.124141054,
                    0.0330840466,
                    -0.282432276,
                    -0.397758441,
                    -0.326012597,
                    -0.100937933,
                    0.529518719,
                    0.717473927,
                    0.567989936,
                    0.151371404,
                    -0.441247254,
                    -0.652421556,
                    -0.556751806,
                    -0.199232982
                },
                new double[] {
                    -0.497651059,
                    0.0420640413,
                    0.561995766,
                    0.8176121,
                    0.587230657,
                    -0.0210532751,
                    -0.619435523,
                    -0.926487566,
                    -0.089579598,
                    -0.0210107661,
                    0.0574397574,
                    0.108875465
                });
    }

    /** torch.nn.functional.rms_norm(x, [4], weight, 1e-5). */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void rmsNorm(boolean fast) {
        NDArray x = wave(0, 2, 4);
        NDArray weight = wave(1, 4);
        check(
                Wave.run(() -> kernels(fast).rmsNorm(x, weight, 1e-5), x, weight),
                new double[] {
                    0, 0.875196259, 0.911893377, 0.0491717261, 0.402672942, -0.496921263, -0.840989722, -0.0583561825
                },
                new double[] {
                    0.162680554,
                    -0.303586505,
                    -0.243890461,
                    0.504966418,
                    -0.384203823,
                    0.122251094,
                    0.312393495,
                    -0.451768511
                },
                new double[] {-0.222328197, -0.57540441, -2.27284949, -2.49679306});
    }

    /** x * cos + cat(-x2, x1) * sin. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void rotary(boolean fast) {
        NDArray x = wave(0, 1, 1, 2, 4);
        check(
                Wave.run(() -> kernels(fast).rotary(x, wave(1, 2, 4), wave(2, 2, 4)), x),
                new double[] {
                    -0.896066904,
                    0.269929695,
                    0.665635009,
                    -0.491255771,
                    -1.07319808,
                    -0.350258766,
                    0.742163709,
                    0.164409139
                },
                new double[] {
                    0.361921835,
                    0.232153107,
                    -0.771092224,
                    0.187945319,
                    0.218325121,
                    0.367541127,
                    -1.16398982,
                    -0.221705031
                });
    }

    /** gelu(x), gelu(x, approximate='tanh'), silu(x) * up. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void activations(boolean fast) {
        NDArray x = wave(0, 4);
        NDArray up = wave(1, 4);
        check(
                Wave.run(() -> kernels(fast).gelu(x), x),
                new double[] {0, 0.476903311, 0.825608201, 0.695737097},
                new double[] {0.070560004, -0.502881976, -1.02746155, -0.965854401});
        check(
                Wave.run(() -> kernels(fast).geluTanh(x), x),
                new double[] {0, 0.476861313, 0.825460575, 0.695632388},
                new double[] {0.070560004, -0.502765393, -1.02712513, -0.965539873});
        check(
                Wave.run(() -> kernels(fast).swiGlu(x, up), x, up),
                new double[] {0, 0.418896634, 0.484707574, 0.025244522},
                new double[] {0.0593741961, -0.420935903, -0.593431957, -0.0340090912},
                new double[] {0, -0.223812092, -0.68286288, -0.562082173});
    }

    /** cross_entropy(logits, labels) and cross_entropy(hidden @ weight.T, labels, reduction='sum'), dy = 1. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void crossEntropy(boolean fast) {
        NDArray labels = manager.create(new long[] {2, -100, 0});
        NDArray logits = wave(0, 3, 4);
        double dy = Math.sin(3);
        check(
                Wave.run(
                        () -> kernels(fast)
                                .crossEntropy(logits, labels, -100, Reduction.MEAN)
                                .div(dy),
                        logits),
                new double[] {1.76913834 / dy},
                new double[] {
                    0.0628593187,
                    0.119715355,
                    -0.331598851,
                    0.149024178,
                    0,
                    0,
                    0,
                    0,
                    -0.456853962,
                    0.0824895103,
                    0.156466798,
                    0.217897653
                });
        NDArray hidden = wave(0, 3, 2);
        NDArray weight = wave(1, 4, 2);
        check(
                Wave.run(
                        () -> kernels(fast)
                                .linearCrossEntropy(hidden, weight, labels, -100, Reduction.SUM, 2)
                                .div(dy),
                        hidden,
                        weight),
                new double[] {3.56772012 / dy},
                new double[] {0.910784909, 1.23851494, 0, 0, -0.800472834, -1.10190005},
                new double[] {
                    -0.259746054,
                    0.559800651,
                    0.0993226662,
                    0.0520525168,
                    0.0922611802,
                    -0.659889678,
                    0.0681622072,
                    0.0480365098
                });
    }
}
