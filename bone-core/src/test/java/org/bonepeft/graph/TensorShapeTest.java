package org.bonepeft.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Shapes are inferred, and operands that do not fit refused, when a tensor is made. */
class TensorShapeTest {
    private static final Tensor TOKENS = tensor(Shape.TOKENS, 6);

    private static Tensor tensor(long... dims) {
        return Tensor.input("t", Shape.of(dims), DType.F32);
    }

    @TestFactory
    Stream<DynamicTest> inferred() {
        List<Map.Entry<String, Map.Entry<Tensor, Shape>>> cases = List.of(
                Map.entry("identity", Map.entry(Tensor.identity(3, DType.F32), Shape.of(3, 3))),
                Map.entry("add open", Map.entry(TOKENS.add(tensor(6)), Shape.of(-1, 6))),
                Map.entry("add higher rank", Map.entry(tensor(6).add(TOKENS), Shape.of(-1, 6))),
                Map.entry("matMul", Map.entry(TOKENS.matMul(tensor(6, 4)), Shape.of(-1, 4))),
                Map.entry(
                        "matMul broadcast",
                        Map.entry(tensor(3, 1, 2, 5).matMul(tensor(4, 5, 6)), Shape.of(3, 4, 2, 6))),
                Map.entry("addMatMul", Map.entry(tensor(4).addMatMul(TOKENS, tensor(6, 4)), Shape.of(-1, 4))),
                Map.entry("addMul", Map.entry(tensor(6).addMul(tensor(2, 1), tensor(6)), Shape.of(2, 6))),
                Map.entry("reshape", Map.entry(TOKENS.reshape(-1, 3, 2), Shape.of(-1, 3, 2))),
                Map.entry("reshape to multiple", Map.entry(TOKENS.reshape(-3, 2), Shape.of(-3, 2))),
                Map.entry("permute", Map.entry(tensor(2, 3, 4).permute(1, 2, 0), Shape.of(3, 4, 2))),
                Map.entry("transpose", Map.entry(tensor(2, 3, 4).transpose(), Shape.of(2, 4, 3))),
                Map.entry("slice", Map.entry(TOKENS.slice(1, 2, 5), Shape.of(-1, 3))),
                Map.entry("empty slice", Map.entry(TOKENS.slice(1, 2, 2), Shape.of(-1, 0))),
                Map.entry("pad", Map.entry(TOKENS.pad(1, 2, 5), Shape.of(-1, 13))),
                Map.entry("tile", Map.entry(TOKENS.tile(1, 3), Shape.of(-1, 18))),
                Map.entry("pad nothing", Map.entry(tensor(2, 0).pad(1, 0, 3), Shape.of(2, 3))),
                Map.entry("tile nothing", Map.entry(tensor(2, 0).tile(1, 3), Shape.of(2, 0))),
                Map.entry("tile once", Map.entry(Tensor.of(new Op.Tile(tensor(2, 3), 1, 1)), Shape.of(2, 3))),
                Map.entry("mask of rate 0", Map.entry(Tensor.of(new Op.DropoutMask(tensor(2), 0)), Shape.of(2))),
                Map.entry("concat", Map.entry(Tensor.concat(1, List.of(TOKENS, TOKENS)), Shape.of(-1, 12))),
                Map.entry(
                        "concat rows",
                        Map.entry(Tensor.concat(0, List.of(tensor(2, 3), tensor(1, 3))), Shape.of(3, 3))),
                Map.entry("concat one", Map.entry(Tensor.of(new Op.Concat(List.of(TOKENS), 1)), Shape.of(-1, 6))),
                Map.entry("sum", Map.entry(tensor(2, 3, 4).sum(0, 2), Shape.of(3))),
                Map.entry("sum kept", Map.entry(Tensor.of(new Op.Sum(TOKENS, List.of(1), true)), Shape.of(-1, 1))),
                Map.entry("expandAs", Map.entry(tensor(6).expandAs(TOKENS), Shape.of(-1, 6))));
        return cases.stream()
                .map(test -> DynamicTest.dynamicTest(
                        test.getKey(), () -> assertThat(test.getValue().getKey().shape())
                                .isEqualTo(test.getValue().getValue())));
    }

    @TestFactory
    Stream<DynamicTest> refused() {
        List<Map.Entry<String, Supplier<Tensor>>> cases = List.of(
                Map.entry("add of [2, 3] and [4]: 3 and 4 do not broadcast", () -> tensor(2, 3)
                        .add(tensor(4))),
                Map.entry("sub of [2] and [3]: 2 and 3 do not broadcast", () -> tensor(2)
                        .sub(tensor(3))),
                Map.entry("mul of [2] and [3]: 2 and 3 do not broadcast", () -> tensor(2)
                        .mul(tensor(3))),
                Map.entry("div of [2] and [3]: 2 and 3 do not broadcast", () -> tensor(2)
                        .div(tensor(3))),
                Map.entry("add of [T, 6] and [5, 6]: -1 and 5 do not broadcast", () -> TOKENS.add(tensor(5, 6))),
                Map.entry("matMul of [2, 3] and [4, 5]: inner dimensions 3 and 4 differ", () -> tensor(2, 3)
                        .matMul(tensor(4, 5))),
                Map.entry("matMul of [3] and [3, 5]: both need two dimensions or more", () -> tensor(3)
                        .matMul(tensor(3, 5))),
                Map.entry("matMul of [2, 3, 4] and [5, 4, 3]: 2 and 5 do not broadcast", () -> tensor(2, 3, 4)
                        .matMul(tensor(5, 4, 3))),
                Map.entry(
                        "addMatMul of [3, 2, 5] and [2, 4] and [4, 5]: the first must broadcast to the product [2, 5]",
                        () -> tensor(3, 2, 5).addMatMul(tensor(2, 4), tensor(4, 5))),
                Map.entry("addMul of [3] and [2]: 3 and 2 do not broadcast", () -> tensor(3)
                        .addMul(tensor(2), tensor(2))),
                Map.entry("reshape of [2, 3]: not as many elements as [4]", () -> tensor(2, 3)
                        .reshape(4)),
                Map.entry("reshape of [T, 6]: not as many elements as [6]", () -> TOKENS.reshape(6)),
                Map.entry("permute of [2, 3]: [0, 0] is no order of its dimensions", () -> tensor(2, 3)
                        .permute(0, 0)),
                Map.entry("permute of [2, 3]: [0] is no order of its dimensions", () -> tensor(2, 3)
                        .permute(0)),
                Map.entry("slice of [2, 3]: 1 to 4 is not within dimension 1", () -> tensor(2, 3)
                        .slice(1, 1, 4)),
                Map.entry("slice of [2, 3]: 2 to 1 is not within dimension 1", () -> tensor(2, 3)
                        .slice(1, 2, 1)),
                Map.entry("slice of [2, 3]: -1 to 1 is not within dimension 1", () -> tensor(2, 3)
                        .slice(1, -1, 1)),
                Map.entry("slice of [2, 3]: no dimension 2", () -> Tensor.of(new Op.Slice(tensor(2, 3), 2, 0, 1))),
                Map.entry("pad of [2, 3]: no dimension -1", () -> tensor(2, 3).pad(-1, 1, 1)),
                Map.entry("pad of [T, 6]: cannot pad dimension 0 by 1 and 0", () -> TOKENS.pad(0, 1, 0)),
                Map.entry("pad of [2, 3]: cannot pad dimension 0 by -1 and 0", () -> tensor(2, 3)
                        .pad(0, -1, 0)),
                Map.entry("pad of [2, 3]: cannot pad dimension 0 by 0 and -1", () -> tensor(2, 3)
                        .pad(0, 0, -1)),
                Map.entry("tile of [T, 6]: cannot repeat dimension 0 2 times", () -> TOKENS.tile(0, 2)),
                Map.entry("tile of [2, 3]: cannot repeat dimension 0 0 times", () -> tensor(2, 3)
                        .tile(0, 0)),
                Map.entry("concat needs one tensor or more", () -> Tensor.concat(0, List.of())),
                Map.entry(
                        "concat of [2, 3] and [3, 3]: they differ beside dimension 1",
                        () -> Tensor.concat(1, List.of(tensor(2, 3), tensor(3, 3)))),
                Map.entry(
                        "concat of [2, 3] and [2]: they differ beside dimension 0",
                        () -> Tensor.concat(0, List.of(tensor(2, 3), tensor(2)))),
                Map.entry(
                        "concat of [T, 6] and [T, 6]: they differ beside dimension 0",
                        () -> Tensor.concat(0, List.of(TOKENS, TOKENS))),
                Map.entry(
                        "concat of [2, 3]: no dimension 2",
                        () -> Tensor.concat(2, List.of(tensor(2, 3), tensor(2, 3)))),
                Map.entry("sum of [2, 3]: no dimension 2", () -> tensor(2, 3).sum(2)),
                Map.entry("expandAs of [2, 3] and [3]: the first does not broadcast to the second", () -> tensor(2, 3)
                        .expandAs(tensor(3))),
                Map.entry("inverse of [2, 3]: the matrices are not square", () -> tensor(2, 3)
                        .inverse()),
                Map.entry("inverse of [3]: the matrices are not square", () -> tensor(3)
                        .inverse()),
                Map.entry("transpose needs two dimensions, not [3]", () -> tensor(3)
                        .transpose()),
                Map.entry("cast of [3]: I32 is no floating-point type", () -> tensor(3)
                        .cast(DType.I32)),
                Map.entry("add of F32 and F64: cast one of them", () -> tensor(3)
                        .add(tensor(3).cast(DType.F64))),
                Map.entry("a dropout rate is at least 0 and less than 1, not 1.0", () -> tensor(3)
                        .dropout(1)),
                Map.entry("a dropout rate is at least 0 and less than 1, not NaN", () -> tensor(3)
                        .dropout(Double.NaN)));
        return cases.stream()
                .map(test -> DynamicTest.dynamicTest(test.getKey(), () -> assertThatThrownBy(test.getValue()::get)
                        .isInstanceOf(GraphException.class)
                        .hasMessage(test.getKey())));
    }

    @Test
    void nothingToDo_returnsThis() {
        Tensor t = tensor(2, 3);
        assertThat(List.of(
                        t.scale(1),
                        t.reshape(2, 3),
                        t.slice(1, 0, 3),
                        t.pad(1, 0, 0),
                        t.tile(0, 1),
                        Tensor.concat(1, List.of(t)),
                        t.expandAs(tensor(2, 3)),
                        t.cast(DType.F32),
                        t.dropout(0)))
                .allSatisfy(same -> assertThat(same).isSameAs(t));
    }

    @Test
    void cast_changesTheType() {
        Tensor cast = tensor(3).cast(DType.BF16);
        assertThat(cast.type()).isEqualTo(DType.BF16);
        assertThat(cast).hasToString("cast [3] BF16");
    }

    @Test
    void expandAs_keepsItsOwnType() {
        assertThat(tensor(3).cast(DType.F64).expandAs(tensor(2, 3)).type()).isEqualTo(DType.F64);
    }
}
