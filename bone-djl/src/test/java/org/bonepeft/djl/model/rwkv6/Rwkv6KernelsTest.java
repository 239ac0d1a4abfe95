package org.bonepeft.djl.model.rwkv6;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
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

/** All forms of all kernels give the same values and gradients as the native scan in float64. */
class Rwkv6KernelsTest {
    private static final int HEADS = 3;
    private static final int SIZE = 4;
    private static final int BATCH = 2;
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

    /** r, k, v, z, u, state; the decays from 1e-6 to 0.9999. */
    private static double[][] draw(int tokens) {
        Random random = new Random(7);
        int size = BATCH * tokens * HEADS * SIZE;
        double[][] inputs = {
            new double[size],
            new double[size],
            new double[size],
            new double[size],
            new double[HEADS * SIZE],
            new double[BATCH * HEADS * SIZE * SIZE]
        };
        for (int part = 0; part < inputs.length; part++) {
            for (int i = 0; i < inputs[part].length; i++) {
                inputs[part][i] =
                        part == 3 ? SLOWEST + (FASTEST - SLOWEST) * random.nextDouble() : random.nextGaussian();
            }
        }
        return inputs;
    }

    private static NDList arrays(double[][] values, int tokens, DataType type) {
        Shape sequence = new Shape(BATCH, tokens, HEADS * SIZE);
        Shape[] shapes = {
            sequence, sequence, sequence, sequence, new Shape(HEADS, SIZE), new Shape(BATCH, HEADS, SIZE, SIZE)
        };
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

    @ParameterizedTest
    @CsvSource({"1", "2", "5", "32", "33", "70"})
    void allForms_agree(int tokens) {
        double[][] values = draw(tokens);
        Rwkv6Kernels kernels = Rwkv6Kernels.of(manager);
        List<double[]> expected = wkv(kernels, Form.SCAN, arrays(values, tokens, DataType.FLOAT64));
        compare(Tolerance.FLOAT64, wkv(kernels, Form.CHUNKED, arrays(values, tokens, DataType.FLOAT64)), expected);
        for (Form form : Form.values()) {
            compare(Tolerance.FLOAT32, wkv(kernels, form, arrays(values, tokens, DataType.FLOAT32)), expected);
            compare(
                    Tolerance.FLOAT32,
                    wkv(Rwkv6Kernels.composed(), form, arrays(values, tokens, DataType.FLOAT32)),
                    expected);
        }
    }

    @Test
    void decaysOfNothingAndOfAll_giveNoNaN() {
        int tokens = 40;
        double[][] values = draw(tokens);
        for (int i = 0; i < values[3].length; i++) {
            values[3][i] = i % 2 == 0 ? 200 : -200;
        }
        for (Rwkv6Kernels kernels : List.of(Rwkv6Kernels.of(manager), Rwkv6Kernels.composed())) {
            for (Form form : Form.values()) {
                wkv(kernels, form, arrays(values, tokens, DataType.FLOAT32))
                        .forEach(result -> assertThat(result).doesNotContain(Double.NaN));
            }
        }
    }

    @Test
    void reading_inPieces_isReadingAtOnce() {
        int tokens = 50;
        NDList all = arrays(draw(tokens), tokens, DataType.FLOAT64);
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
        int hidden = HEADS * SIZE;
        Shape one = new Shape(1, 1, hidden);
        Shape[] mix = {
            new Shape(BATCH, tokens, hidden),
            new Shape(BATCH, hidden),
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
            new Shape(HEADS, SIZE),
            new Shape(BATCH, HEADS, SIZE, SIZE),
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
