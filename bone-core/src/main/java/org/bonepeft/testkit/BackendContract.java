package org.bonepeft.testkit;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bonepeft.BoneException;
import org.bonepeft.graph.Backend;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;

/**
 * What every {@link Backend} must do, as small cases with written-out results: each operation, broadcasting, operands
 * that are views, memory that may be reused and memory that may not. Bound to no test framework:
 *
 * <pre>{@code
 * @TestFactory
 * Stream<DynamicTest> contract() {
 *     return BackendContract.cases(backend, create, read, Tolerance.FLOAT32).entrySet().stream()
 *             .map(test -> DynamicTest.dynamicTest(test.getKey(), test.getValue()::run));
 * }
 * }</pre>
 *
 * @param <T> the backend's array
 */
public final class BackendContract<T> {
    private final Backend<T> backend;
    private final BiFunction<double[], Shape, T> create;
    private final Function<T, double[]> read;
    private final Tolerance tolerance;
    private final DType type;
    private final Map<String, Runnable> cases = new LinkedHashMap<>();

    private BackendContract(
            Backend<T> backend,
            BiFunction<double[], Shape, T> create,
            Function<T, double[]> read,
            Tolerance tolerance) {
        this.backend = backend;
        this.create = create;
        this.read = read;
        this.tolerance = tolerance;
        this.type = tolerance == Tolerance.FLOAT64 ? DType.F64 : DType.F32;
    }

    /**
     * Returns the cases by name; one that fails throws an {@link AssertionError}.
     *
     * @param create makes an array from elements in row-major order
     * @param read returns the elements of an array in row-major order
     * @param tolerance {@link Tolerance#FLOAT64} for a backend that computes in float64
     */
    public static <T> Map<String, Runnable> cases(
            Backend<T> backend,
            BiFunction<double[], Shape, T> create,
            Function<T, double[]> read,
            Tolerance tolerance) {
        BackendContract<T> contract = new BackendContract<>(backend, create, read, tolerance);
        contract.elementWise();
        contract.products();
        contract.layouts();
        contract.sums();
        contract.inverses();
        contract.gradientsAndTypes();
        contract.dropout();
        contract.memory();
        return contract.cases;
    }

    private T array(Shape shape, double... elements) {
        return create.apply(elements, shape);
    }

    /** 1, 2, 3, ... */
    private T count(long... dims) {
        Shape shape = Shape.of(dims);
        return array(
                shape,
                IntStream.rangeClosed(1, (int) shape.size()).asDoubleStream().toArray());
    }

    /** Adds a case whose result is written out, elements in row-major order. */
    private void expect(String name, Supplier<T> actual, String elements) {
        double[] expected =
                Stream.of(elements.split(" ")).mapToDouble(Double::parseDouble).toArray();
        cases.put(name, () -> tolerance.check(name, read.apply(actual.get()), expected));
    }

    private void elementWise() {
        expect("add", () -> backend.add(count(2, 3), count(2, 3), false), "2 4 6 8 10 12");
        expect(
                "add_row_broadcasts",
                () -> backend.add(count(2, 3), array(Shape.of(3), 10, 20, 30), false),
                "11 22 33 14 25 36");
        expect(
                "add_columnAndRow_broadcast",
                () -> backend.add(array(Shape.of(2, 1), 10, 20), array(Shape.of(3), 1, 2, 3), false),
                "11 12 13 21 22 23");
        expect(
                "add_middleDimension_broadcasts",
                () -> backend.add(count(2, 2, 2), array(Shape.of(2, 1, 2), 10, 20, 30, 40), false),
                "11 22 13 24 35 46 37 48");
        expect(
                "add_reuse_row",
                () -> backend.add(count(2, 3), array(Shape.of(3), 10, 20, 30), true),
                "11 22 33 14 25 36");
        expect("sub", () -> backend.sub(count(2, 3), array(Shape.of(2, 1), 1, 2)), "0 1 2 2 3 4");
        expect("mul", () -> backend.mul(count(2, 3), array(Shape.of(3), 1, 0, -1)), "1 0 -3 4 0 -6");
        expect("div", () -> backend.div(count(2, 3), array(Shape.of(2, 1), 2, -4)), "0.5 1 1.5 -1 -1.25 -1.5");
        expect("scale", () -> backend.scale(count(2, 3), -0.5), "-0.5 -1 -1.5 -2 -2.5 -3");
        expect("sqrt", () -> backend.sqrt(array(Shape.of(4), 0, 0.25, 4, 9)), "0 0.5 2 3");
        expect(
                "addMul",
                () -> backend.addMul(count(2, 3), count(2, 3), array(Shape.of(3), 1, 10, 100)),
                "2 22 303 8 55 606");
        expect(
                "addMul_addend_broadcasts",
                () -> backend.addMul(array(Shape.of(3), 1, 2, 3), array(Shape.of(2, 1), 10, 20), count(2, 3)),
                "11 22 33 81 102 123");
        expect(
                "mul_views",
                () -> backend.mul(backend.permute(count(2, 3), List.of(1, 0)), backend.slice(count(3, 4), 1, 1, 3)),
                "2 12 12 35 30 66");
    }

    private void products() {
        expect("matMul", () -> backend.matMul(count(2, 3), count(3, 2)), "22 28 49 64");
        expect(
                "matMul_transposed",
                () -> backend.matMul(count(2, 3), backend.permute(count(2, 3), List.of(1, 0))),
                "14 32 32 77");
        expect("matMul_batched", () -> backend.matMul(count(2, 1, 2), count(2, 2, 2)), "7 10 43 50");
        expect("matMul_batched_left_broadcasts", () -> backend.matMul(count(1, 1, 2), count(2, 2, 2)), "7 10 19 22");
        expect(
                "matMul_batched_permutedLeft_transposedRight",
                () -> backend.matMul(
                        backend.permute(count(2, 2, 2), List.of(1, 0, 2)),
                        backend.permute(count(2, 2, 2), List.of(0, 2, 1))),
                "5 11 17 39 39 53 83 113");
        expect("matMul_batchAndMatrix", () -> backend.matMul(count(2, 1, 2), count(2, 2)), "7 10 15 22");
        expect("addMatMul", () -> backend.addMatMul(count(2, 2), count(2, 3), count(3, 2), false), "23 30 52 68");
        expect("addMatMul_reuse", () -> backend.addMatMul(count(2, 2), count(2, 3), count(3, 2), true), "23 30 52 68");
        expect(
                "addMatMul_row_broadcasts",
                () -> backend.addMatMul(array(Shape.of(2), 100, 200), count(2, 3), count(3, 2), false),
                "122 228 149 264");
        expect(
                "addMatMul_batched_addendIsLeft",
                () -> {
                    T a = count(2, 2, 2);
                    return backend.addMatMul(a, a, count(2, 2, 2), false);
                },
                "8 12 18 26 72 84 98 114");
        expect(
                "addMatMul_batched_addendAndLeft_broadcast",
                () -> {
                    T a = count(1, 2, 2);
                    return backend.addMatMul(a, a, backend.permute(count(2, 2, 2), List.of(0, 2, 1)), false);
                },
                "6 13 14 29 18 25 42 57");
        expect(
                "addMatMul_reuse_copyOfPermuted",
                () -> backend.addMatMul(
                        backend.reshape(
                                backend.permute(backend.tile(count(2, 2, 1), 2, 2), List.of(1, 0, 2)), Shape.of(2, 4)),
                        array(Shape.of(2, 1), 1, 2),
                        array(Shape.of(1, 4), 10, 20, 30, 40),
                        true),
                "11 21 33 43 22 42 64 84");
    }

    private void layouts() {
        expect("identity", () -> backend.identity(3, type), "1 0 0 0 1 0 0 0 1");
        expect("reshape", () -> backend.reshape(count(2, 3), Shape.of(3, 2)), "1 2 3 4 5 6");
        expect(
                "reshape_permuted",
                () -> backend.reshape(backend.permute(count(2, 3), List.of(1, 0)), Shape.of(6)),
                "1 4 2 5 3 6");
        expect(
                "reshape_openDimension",
                () -> backend.sum(backend.reshape(count(2, 6), Shape.of(Shape.TOKENS, 3, 2)), List.of(1), false),
                "9 12 27 30");
        expect(
                "reshape_multipleOfTokens",
                () -> backend.sum(backend.reshape(count(2, 6), Shape.of(-3, 2)), List.of(1), false),
                "3 7 11 15 19 23");
        expect("permute", () -> backend.permute(count(1, 2, 3), List.of(2, 0, 1)), "1 4 2 5 3 6");
        expect("slice_rows", () -> backend.slice(count(3, 2), 0, 1, 3), "3 4 5 6");
        expect("slice_columns", () -> backend.slice(count(2, 4), 1, 1, 3), "2 3 6 7");
        expect("slice_of_slice", () -> backend.slice(backend.slice(count(3, 4), 1, 1, 4), 0, 1, 2), "6 7 8");
        expect("pad_columns", () -> backend.pad(count(2, 2), 1, 1, 2), "0 1 2 0 0 0 3 4 0 0");
        expect("pad_rows", () -> backend.pad(count(2, 2), 0, 1, 0), "0 0 1 2 3 4");
        expect("tile_columns", () -> backend.tile(count(2, 2), 1, 2), "1 2 1 2 3 4 3 4");
        expect("tile_rows", () -> backend.tile(count(2, 2), 0, 2), "1 2 3 4 1 2 3 4");
        expect(
                "tile_permuted",
                () -> backend.tile(backend.permute(count(2, 2), List.of(1, 0)), 1, 2),
                "1 3 1 3 2 4 2 4");
        expect(
                "concat_columns",
                () -> backend.concat(List.of(count(2, 2), backend.permute(count(2, 2), List.of(1, 0)), count(2, 1)), 1),
                "1 2 1 3 1 3 4 2 4 2");
        expect("concat_rows", () -> backend.concat(List.of(count(2, 2), count(1, 2)), 0), "1 2 3 4 1 2");
        expect(
                "expandAs",
                () -> backend.add(backend.expandAs(array(Shape.of(2, 1), 1, 2), count(2, 3)), count(3), false),
                "2 3 4 3 4 5");
    }

    private void sums() {
        expect("sum_rows", () -> backend.sum(count(2, 3), List.of(0), false), "5 7 9");
        expect(
                "sum_columns_kept",
                () -> backend.mul(backend.sum(count(2, 3), List.of(1), true), count(2, 3)),
                "6 12 18 60 75 90");
        expect("sum_middle", () -> backend.sum(count(2, 2, 2), List.of(1), false), "4 6 12 14");
        expect("sum_several", () -> backend.sum(count(2, 2, 2), List.of(0, 2), false), "14 22");
        expect("sum_all", () -> backend.sum(count(2, 3), List.of(0, 1), false), "21");
        expect(
                "sum_permuted",
                () -> backend.sum(backend.permute(count(2, 3), List.of(1, 0)), List.of(0), false),
                "6 15");
    }

    private void inverses() {
        expect("inverse", () -> backend.inverse(array(Shape.of(2, 2), 0, 2, 4, 0)), "0 0.25 0.5 0");
        expect(
                "inverse_batched",
                () -> backend.inverse(array(Shape.of(2, 2, 2), 2, 1, 1, 1, 1, 2, 3, 4)),
                "1 -1 -1 2 -2 1 1.5 -0.5");
        cases.put("inverse_singular_throws", () -> {
            T singular = array(Shape.of(2, 2, 2), 1, 0, 0, 1, 1, 2, 2, 4);
            try {
                backend.inverse(singular);
            } catch (BoneException expected) {
                return;
            }
            throw new AssertionError("inverse_singular_throws: no BoneException");
        });
    }

    private void gradientsAndTypes() {
        expect("stopGradient", () -> backend.stopGradient(count(2, 3)), "1 2 3 4 5 6");
        expect("cast_thereAndBack", () -> backend.cast(backend.cast(count(2, 3), DType.F64), type), "1 2 3 4 5 6");
    }

    private void dropout() {
        expect("dropoutMask_rate0", () -> backend.dropoutMask(count(2, 3), 0), "1 1 1 1 1 1");
        cases.put("dropoutMask", () -> {
            double rate = 0.2;
            int n = 20_000;
            double[] mask = read.apply(backend.dropoutMask(count(100, n / 100), rate));
            long dropped = Arrays.stream(mask).filter(value -> value == 0).count();
            double kept = 1 / (1 - rate);
            double[] expected =
                    Arrays.stream(mask).map(value -> value == 0 ? 0 : kept).toArray();
            tolerance.check("dropoutMask", mask, expected);
            // Five standard deviations of a binomial count.
            double slack = 5 * Math.sqrt(n * rate * (1 - rate));
            if (mask.length != n || Math.abs(dropped - n * rate) > slack) {
                throw new AssertionError("dropoutMask: " + dropped + " of " + mask.length + " dropped, expected "
                        + n * rate + " +- " + slack);
            }
            double[] other = read.apply(backend.dropoutMask(count(100, n / 100), rate));
            if (Arrays.equals(mask, other)) {
                throw new AssertionError("dropoutMask: twice the same mask");
            }
        });
    }

    private void memory() {
        cases.put("operands_areLeftAlone", () -> {
            T a = count(2, 2);
            T b = array(Shape.of(2, 2), 5, 6, 7, 9);
            T row = array(Shape.of(2), 1, 2);
            backend.add(a, b, false);
            backend.sub(a, b);
            backend.mul(a, b);
            backend.div(a, b);
            backend.scale(a, 3);
            backend.matMul(a, b);
            backend.addMatMul(a, a, b, false);
            backend.addMatMul(row, a, b, false);
            backend.addMul(a, a, b);
            backend.sqrt(a);
            backend.inverse(b);
            backend.sum(a, List.of(0), false);
            backend.dropoutMask(a, 0.5);
            tolerance.check("operands_areLeftAlone, a", read.apply(a), new double[] {1, 2, 3, 4});
            tolerance.check("operands_areLeftAlone, b", read.apply(b), new double[] {5, 6, 7, 9});
            tolerance.check("operands_areLeftAlone, row", read.apply(row), new double[] {1, 2});
        });
        cases.put("release_leavesTheOthers", () -> {
            T a = count(2, 3);
            T view = backend.permute(a, List.of(1, 0));
            T product = backend.matMul(a, view);
            backend.release(view);
            tolerance.check("release_leavesTheOthers, a", read.apply(a), new double[] {1, 2, 3, 4, 5, 6});
            tolerance.check("release_leavesTheOthers, product", read.apply(product), new double[] {14, 32, 32, 77});
            backend.release(a);
            tolerance.check("release_leavesTheOthers", read.apply(product), new double[] {14, 32, 32, 77});
        });
    }
}
