package org.bonepeft.graph;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.bonepeft.reference.DoubleTensor;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.bonepeft.testkit.FiniteDifferences;
import org.bonepeft.testkit.Reference;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Every operation's pull-back against finite differences in float64. */
class OpGradientTest {
    private record Case(String name, List<Shape> shapes, Function<List<Tensor>, Tensor> function) {}

    private static Case of(String name, Function<List<Tensor>, Tensor> function, Shape... shapes) {
        return new Case(name, List.of(shapes), function);
    }

    @TestFactory
    Stream<DynamicTest> pullBacks() {
        Shape s23 = Shape.of(2, 3);
        Shape row = Shape.of(3);
        Shape column = Shape.of(2, 1);
        Shape cube = Shape.of(2, 3, 4);
        return Stream.of(
                        of("add", t -> t.get(0).add(t.get(1)), s23, s23),
                        of("add row", t -> t.get(0).add(t.get(1)), s23, row),
                        of("add to row", t -> t.get(1).add(t.get(0)), s23, row),
                        of("add column to row", t -> t.get(0).add(t.get(1)), column, row),
                        of("add to ones", t -> t.get(0).add(t.get(1)), Shape.of(1, 1), Shape.of(5, 2, 1)),
                        of("sub", t -> t.get(0).sub(t.get(1)), s23, s23),
                        of("sub column and row", t -> t.get(0).sub(t.get(1)), column, row),
                        of("mul", t -> t.get(0).mul(t.get(1)), s23, s23),
                        of("mul column and row", t -> t.get(0).mul(t.get(1)), column, row),
                        of("square", t -> t.get(0).mul(t.get(0)), s23),
                        of("div", t -> t.get(0).div(away(t.get(1))), s23, s23),
                        of("div row by column", t -> t.get(0).div(away(t.get(1))), row, column),
                        of("scale", t -> t.get(0).scale(-2.5), s23),
                        of("matMul", t -> t.get(0).matMul(t.get(1)), s23, Shape.of(3, 4)),
                        of("matMul batched", t -> t.get(0).matMul(t.get(1)), cube, Shape.of(2, 4, 3)),
                        of(
                                "matMul broadcast left",
                                t -> t.get(0).matMul(t.get(1)),
                                Shape.of(1, 3, 4),
                                Shape.of(2, 4, 3)),
                        of("matMul broadcast right", t -> t.get(0).matMul(t.get(1)), cube, Shape.of(4, 3)),
                        of(
                                "addMatMul",
                                t -> t.get(0).addMatMul(t.get(1), t.get(2)),
                                s23,
                                Shape.of(2, 4),
                                Shape.of(4, 3)),
                        of(
                                "addMatMul row",
                                t -> t.get(0).addMatMul(t.get(1), t.get(2)),
                                row,
                                Shape.of(2, 4),
                                Shape.of(4, 3)),
                        of("addMatMul of itself", t -> t.get(0).addMatMul(t.get(0), t.get(1)), cube, Shape.of(2, 4, 4)),
                        of("addMul", t -> t.get(0).addMul(t.get(1), t.get(2)), s23, s23, s23),
                        of("addMul broadcast", t -> t.get(0).addMul(t.get(1), t.get(2)), row, column, s23),
                        of("reshape", t -> t.get(0).reshape(3, 2), s23),
                        of("permute", t -> t.get(0).permute(2, 0, 1), cube),
                        of("transpose", t -> t.get(0).transpose(), cube),
                        of("slice", t -> t.get(0).slice(1, 1, 3), cube),
                        of("pad", t -> t.get(0).pad(1, 2, 1), cube),
                        of("tile first", t -> t.get(0).tile(0, 3), cube),
                        of("tile middle", t -> t.get(0).tile(1, 2), cube),
                        of("tile last", t -> t.get(0).tile(2, 2), cube),
                        of("concat first", t -> Tensor.concat(0, t), s23, Shape.of(1, 3), s23),
                        of("concat middle", t -> Tensor.concat(1, t), cube, cube),
                        of("concat of itself", t -> Tensor.concat(1, List.of(t.get(0), t.get(0))), s23),
                        of("sum", t -> t.get(0).sum(1), cube),
                        of("sum several", t -> t.get(0).sum(0, 2), cube),
                        of("sum kept", t -> Tensor.of(new Op.Sum(t.get(0), List.of(1), true)), cube),
                        of("expandAs", t -> t.get(0).expandAs(t.get(1)), column, s23),
                        of("sqrt", t -> t.get(0).mul(t.get(0)).add(one()).sqrt(), s23),
                        of("inverse", t -> far(t.get(0)).inverse(), Shape.of(2, 3, 3)),
                        of("cast", t -> t.get(0).cast(DType.F32).cast(DType.F64), s23),
                        of("used twice", t -> t.get(0).matMul(t.get(1)).add(t.get(0)), Shape.of(3, 3), Shape.of(3, 3)),
                        of("unused", t -> t.get(0).scale(2), s23, row))
                .map(test -> DynamicTest.dynamicTest(test.name, () -> check(test)));
    }

    private static void check(Case test) {
        List<Tensor> inputs = new ArrayList<>();
        Map<String, DoubleTensor> values = new LinkedHashMap<>();
        for (Shape shape : test.shapes) {
            String label = "in" + inputs.size();
            inputs.add(Tensor.input(label, shape, DType.F64));
            values.put(label, Reference.random(shape, inputs.size()));
        }
        Graph graph = Graph.of(test.name, inputs, Map.of("y", test.function.apply(inputs)));
        FiniteDifferences.check(graph, values, List.copyOf(values.keySet()));
    }

    private static Tensor one() {
        return Tensor.identity(1, DType.F64);
    }

    /** Values of at least 1: a divisor. */
    private static Tensor away(Tensor t) {
        return t.mul(t).add(one());
    }

    /** Matrices with a dominant diagonal: invertible. */
    private static Tensor far(Tensor t) {
        return t.add(Tensor.identity(t.shape().dim(-1), DType.F64).scale(10));
    }
}
