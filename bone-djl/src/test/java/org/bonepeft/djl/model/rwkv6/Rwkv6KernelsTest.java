package org.bonepeft.djl.model.rwkv6;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Stream;
import org.bonepeft.djl.model.rwkv6.Rwkv6Kernels.Form;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** All forms of all kernels give the same values and gradients as the native scan in float64. */
class Rwkv6KernelsTest {
    /** The sizes of most tests. */
    private static final Sizes SMALL = new Sizes(2, 3, 4);

    private static final double FASTEST = Math.log(-Math.log(1e-6));
    private static final double SLOWEST = Math.log(-Math.log(0.9999));

    private static NDManager manager;

    @BeforeAll
    static void open() {
        manager = NDManager.newBaseManager();
    }

    @AfterAll
    static void close() {
        manager.close();
    }

    private record Sizes(int batch, int heads, int headSize) {
        int hidden() {
            return heads * headSize;
        }
    }

    /** r, k, v, z, u, state; the decays from 1e-6 to 0.9999. */
    private static double[][] draw(Sizes sizes, int tokens) {
        Random random = new Random(7);
        int size = sizes.batch() * tokens * sizes.hidden();
        double[][] inputs = {
            new double[size],
            new double[size],
            new double[size],
            new double[size],
            new double[sizes.hidden()],
            new double[sizes.batch() * sizes.hidden() * sizes.headSize()]
        };
        for (int part = 0; part < inputs.length; part++) {
            for (int i = 0; i < inputs[part].length; i++) {
                inputs[part][i] =
                        part == 3 ? SLOWEST + (FASTEST - SLOWEST) * random.nextDouble() : random.nextGaussian();
            }
        }
        return inputs;
    }

    private static NDList arrays(double[][] values, Sizes sizes, int tokens, DataType type) {
        Shape sequence = new Shape(sizes.batch(), tokens, sizes.hidden());
        Shape bonus = new Shape(sizes.heads(), sizes.headSize());
        Shape state = new Shape(sizes.batch(), sizes.heads(), sizes.headSize(), sizes.headSize());
        Shape[] shapes = {sequence, sequence, sequence, sequence, bonus, state};
        NDList arrays = new NDList();
        for (int i = 0; i < shapes.length; i++) {
            arrays.add(manager.create(values[i], shapes[i]).toType(type, true));
        }
        return arrays;
    }

    /** The results, and the gradients of their products with fixed numbers. */
    private static List<double[]> run(NDList inputs, Function<NDList, NDList> function) {
        List<double[]> values = new ArrayList<>();
        inputs.forEach(input -> input.setRequiresGradient(true));
        try (NDScope scope = new NDScope();
                TorchAutograd gradients = TorchAutograd.enabled()) {
            scope.suppressNotUsedWarning();
            NDArray sum = manager.zeros(new Shape(), inputs.get(0).getDataType());
            for (NDArray result : function.apply(inputs)) {
                values.add(doubles(result));
                NDArray cotangent = manager.create(
                                new Random(3).doubles(result.size()).toArray(), result.getShape())
                        .toType(result.getDataType(), true);
                sum = sum.add(result.mul(cotangent).sum());
            }
            TorchAutograd.backward(sum);
        }
        inputs.forEach(input -> {
            try (NDArray gradient = TorchAutograd.gradient(input).orElseThrow()) {
                values.add(doubles(gradient));
            }
        });
        return values;
    }

    private static double[] doubles(NDArray array) {
        return array.toType(DataType.FLOAT64, true).toDoubleArray();
    }

    private static List<double[]> wkv(Rwkv6Kernels kernels, Form form, NDList inputs) {
        return run(inputs, a -> kernels.wkv(form, a.get(0), a.get(1), a.get(2), a.get(3), a.get(4), a.get(5)));
    }

    private static void compare(Tolerance tolerance, List<double[]> actual, List<double[]> expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.size(); i++) {
            tolerance.check("result " + i, actual.get(i), expected.get(i));
        }
    }

    /** Batch, heads and the size of a head; one token, around the borders of chunks, odd numbers, powers of two. */
    @ParameterizedTest
    @CsvSource({"2, 3, 4", "1, 1, 1", "3, 2, 5", "1, 2, 16"})
    void allForms_agree(int batch, int heads, int headSize) {
        Sizes sizes = new Sizes(batch, heads, headSize);
        Rwkv6Kernels kernels = Rwkv6Kernels.of(manager);
        for (int tokens : new int[] {1, 2, 3, 5, 16, 31, 32, 33, 64, 65, 70, 97}) {
            double[][] values = draw(sizes, tokens);
            List<double[]> expected = wkv(kernels, Form.SCAN, arrays(values, sizes, tokens, DataType.FLOAT64));
            NDList exact = arrays(values, sizes, tokens, DataType.FLOAT64);
            compare(Tolerance.FLOAT64, wkv(kernels, Form.CHUNKED, exact), expected);
            for (Form form : Form.values()) {
                for (Rwkv6Kernels each : List.of(kernels, Rwkv6Kernels.composed())) {
                    NDList inputs = arrays(values, sizes, tokens, DataType.FLOAT32);
                    compare(Tolerance.FLOAT32, wkv(each, form, inputs), expected);
                }
            }
        }
    }

    /** What a backward pass needs may not lie in memory that the Java heap gives back. */
    @Test
    void gradients_outliveGarbageCollection() {
        int tokens = 20;
        double[][] values = draw(SMALL, tokens);
        Rwkv6Kernels kernels = Rwkv6Kernels.composed();
        List<double[]> expected =
                wkv(Rwkv6Kernels.of(manager), Form.SCAN, arrays(values, SMALL, tokens, DataType.FLOAT64));
        for (Form form : Form.values()) {
            List<double[]> actual = run(arrays(values, SMALL, tokens, DataType.FLOAT32), a -> {
                NDList results = kernels.wkv(form, a.get(0), a.get(1), a.get(2), a.get(3), a.get(4), a.get(5));
                System.gc();
                for (int i = 0; i < 200; i++) {
                    manager.create(-100.0);
                }
                return results;
            });
            compare(Tolerance.FLOAT32, actual, expected);
        }
    }

    /** Where one decay acts all the time, nothing hides the error of its end of the range. */
    @ParameterizedTest
    @ValueSource(doubles = {1e-6, 1e-3, 0.5, 0.999, 0.999999})
    void oneDecay_chunkedIsTheScan(double decay) {
        int tokens = 130;
        double[][] values = draw(SMALL, tokens);
        Arrays.fill(values[3], Math.log(-Math.log(decay)));
        Rwkv6Kernels kernels = Rwkv6Kernels.of(manager);
        List<double[]> expected = wkv(kernels, Form.SCAN, arrays(values, SMALL, tokens, DataType.FLOAT64));
        NDList inputs = arrays(values, SMALL, tokens, DataType.FLOAT32);
        compare(Tolerance.FLOAT32, wkv(kernels, Form.CHUNKED, inputs), expected);
    }

    /** No token's output depends on a later token, whatever the chunks. */
    @Test
    void chunked_isCausal() {
        int tokens = 70;
        NDList inputs = arrays(draw(SMALL, tokens), SMALL, tokens, DataType.FLOAT32);
        inputs.forEach(input -> input.setRequiresGradient(true));
        int last = 40;
        try (TorchAutograd gradients = TorchAutograd.enabled()) {
            NDArray y = chunked(inputs);
            TorchAutograd.backward(y.get(":, {}", last).sum());
        }
        for (NDArray input : inputs.subList(0, 4)) {
            NDArray gradient = TorchAutograd.gradient(input).orElseThrow();
            assertThat(gradient.get(":, {}:", last + 1).abs().max().getFloat()).isZero();
            assertThat(gradient.abs().max().getFloat()).isPositive();
        }
    }

    /** A matrix of all pairs of tokens would take 256 GiB. */
    @Test
    void chunked_memoryGrowsAsTheTokens_notTheirSquare() {
        Sizes sizes = new Sizes(1, 1, 2);
        int tokens = 1 << 18;
        NDList inputs = arrays(draw(sizes, tokens), sizes, tokens, DataType.FLOAT32);
        assertThat(wkv(Rwkv6Kernels.of(manager), Form.CHUNKED, inputs).get(0))
                .hasSize(2 * tokens)
                .doesNotContain(Double.NaN);
    }

    private static NDArray chunked(NDList a) {
        return Rwkv6Kernels.of(manager)
                .wkv(Form.CHUNKED, a.get(0), a.get(1), a.get(2), a.get(3), a.get(4), a.get(5))
                .get(0);
    }

    @Test
    void decaysOfNothingAndOfAll_giveNoNaN() {
        int tokens = 40;
        double[][] values = draw(SMALL, tokens);
        for (int i = 0; i < values[3].length; i++) {
            values[3][i] = i % 2 == 0 ? 200 : -200;
        }
        for (Rwkv6Kernels kernels : List.of(Rwkv6Kernels.of(manager), Rwkv6Kernels.composed())) {
            for (Form form : Form.values()) {
                wkv(kernels, form, arrays(values, SMALL, tokens, DataType.FLOAT32))
                        .forEach(result -> assertThat(result).doesNotContain(Double.NaN));
            }
        }
    }

    @Test
    void reading_inPieces_isReadingAtOnce() {
        int tokens = 50;
        NDList all = arrays(draw(SMALL, tokens), SMALL, tokens, DataType.FLOAT64);
        Rwkv6Kernels kernels = Rwkv6Kernels.of(manager);
        NDList whole =
                kernels.wkv(Form.CHUNKED, all.get(0), all.get(1), all.get(2), all.get(3), all.get(4), all.get(5));
        NDArray state = all.get(5);
        NDList ys = new NDList();
        for (int from : new int[] {0, 1, 2, 35}) {
            int to = from == 35 ? tokens : from == 2 ? 35 : from + 1;
            NDArray[] part = new NDArray[4];
            for (int i = 0; i < part.length; i++) {
                part[i] = all.get(i).get(":, {}:{}", from, to);
            }
            NDList read = kernels.wkv(
                    to - from == 1 ? Form.SCAN : Form.CHUNKED, part[0], part[1], part[2], part[3], all.get(4), state);
            ys.add(read.get(0));
            state = read.get(1);
        }
        NDArray y = ai.djl.ndarray.NDArrays.concat(ys, 1);
        Tolerance.FLOAT64.check("y", y.toDoubleArray(), whole.get(0).toDoubleArray());
        Tolerance.FLOAT64.check("state", state.toDoubleArray(), whole.get(1).toDoubleArray());
    }

    @ParameterizedTest
    @CsvSource({"1", "6"})
    void composed_isNative(int tokens) {
        int hidden = SMALL.hidden();
        Shape one = new Shape(1, 1, hidden);
        Shape[] mix = {
            new Shape(SMALL.batch(), tokens, hidden),
            new Shape(SMALL.batch(), hidden),
            one,
            one,
            one,
            one,
            one,
            one,
            new Shape(hidden, 5 * 2),
            new Shape(5, 2, hidden),
            one,
            new Shape(hidden, 3),
            new Shape(3, hidden)
        };
        same(mix, (kernels, a) -> kernels.mix(a.get(0), a.get(1), a.subNDList(2)));
        Shape sequence = mix[0];
        Shape row = new Shape(hidden);
        Shape[] attend = {
            sequence,
            sequence,
            sequence,
            sequence,
            sequence,
            new Shape(SMALL.heads(), SMALL.headSize()),
            new Shape(SMALL.batch(), SMALL.heads(), SMALL.headSize(), SMALL.headSize()),
            row,
            row
        };
        same(
                attend,
                (kernels, a) -> kernels.attend(
                        a.get(0), a.get(1), a.get(2), a.get(3), a.get(4), a.get(5), a.get(6), a.get(7), a.get(8),
                        1e-3));
        same(
                new Shape[] {sequence, mix[1], one, one},
                (kernels, a) -> kernels.mixChannels(a.get(0), a.get(1), a.get(2), a.get(3)));
        same(new Shape[] {sequence}, (kernels, a) -> new NDList(kernels.squaredRelu(a.get(0))));
        same(new Shape[] {sequence, sequence}, (kernels, a) -> new NDList(kernels.gated(a.get(0), a.get(1))));
    }

    private interface Call {
        NDList apply(Rwkv6Kernels kernels, NDList arguments);
    }

    private static void same(Shape[] shapes, Call call) {
        List<List<double[]>> results = new ArrayList<>();
        for (Rwkv6Kernels kernels : List.of(Rwkv6Kernels.of(manager), Rwkv6Kernels.composed())) {
            Random random = new Random(11);
            NDList arguments = new NDList();
            Stream.of(shapes)
                    .forEach(shape -> arguments.add(
                            manager.create(random.doubles(shape.size(), -1, 1).toArray(), shape)));
            results.add(run(arguments, a -> call.apply(kernels, a)));
        }
        compare(Tolerance.FLOAT32, results.get(1), results.get(0));
    }
}
