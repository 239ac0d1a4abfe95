package org.bonepeft.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.junit.jupiter.api.Test;

class GraphTextTest {
    private final Tensor x = Tensor.input("x", Shape.of(Shape.TOKENS, 6), DType.F32);
    private final Tensor w = Tensor.input("a \"b\"", Shape.of(6, 2), DType.F32);
    private final Graph graph =
            Graph.of("f", List.of(x, w), Map.of("y", x.matMul(w).pad(1, 0, 4).add(x)));

    @Test
    void print() {
        assertThat(graph.toString().lines().map(line -> line.replaceAll(" +", " ")))
                .containsExactly(
                        "f",
                        " %0 = input x [T, 6] F32",
                        " %1 = input a \"b\" [6, 2] F32",
                        " %2 = matMul %0 %1 [T, 2] F32",
                        " %3 = pad %2 axis 1, 0 before, 4 after [T, 6] F32",
                        " %4 = add %3 %0 [T, 6] F32",
                        " return y = %4");
    }

    @Test
    void dot() {
        assertThat(GraphText.dot(graph).lines())
                .containsExactly(
                        "digraph \"f\" {",
                        "  rankdir=BT;",
                        "  \"%0\" [shape=box,style=solid,label=\"x\\n[T, 6]\"];",
                        "  \"%1\" [shape=box,style=solid,label=\"a \\\"b\\\"\\n[6, 2]\"];",
                        "  \"%2\" [shape=ellipse,style=solid,label=\"matMul\\n[T, 2]\"];",
                        "  \"%0\" -> \"%2\";",
                        "  \"%1\" -> \"%2\";",
                        "  \"%3\" [shape=ellipse,style=solid,label=\"pad axis 1, 0 before, 4 after\\n[T, 6]\"];",
                        "  \"%2\" -> \"%3\";",
                        "  \"%4\" [shape=ellipse,style=bold,label=\"add\\n[T, 6]\"];",
                        "  \"%3\" -> \"%4\";",
                        "  \"%0\" -> \"%4\";",
                        "}");
    }

    @Test
    void attributes_sayWhatDeterminesTheResult() {
        Tensor t = Tensor.input("t", Shape.of(2, 3), DType.F32);
        assertThat(t.scale(0.5).op().attributes()).isEqualTo("factor 0.5");
        assertThat(t.permute(1, 0).op().attributes()).isEqualTo("axes [1, 0]");
        assertThat(t.slice(1, 0, 2).op().attributes()).isEqualTo("axis 1, 0 to 2");
        assertThat(t.tile(0, 4).op().attributes()).isEqualTo("axis 0, 4 times");
        assertThat(Tensor.concat(1, List.of(t, t)).op().attributes()).isEqualTo("axis 1");
        assertThat(t.sum(1).op().attributes()).isEqualTo("axes [1]");
        assertThat(new Op.Sum(t, List.of(0), true).attributes()).isEqualTo("axes [0], kept");
        assertThat(new Op.DropoutMask(t, 0.1).attributes()).isEqualTo("rate 0.1");
        assertThat(t.sqrt().op().attributes()).isEmpty();
    }
}
