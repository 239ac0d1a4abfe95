package org.bonepeft.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bonepeft.reference.DoubleTensor;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.bonepeft.testkit.Reference;
import org.junit.jupiter.api.Test;

class GradientsTest {
    private final Tensor a = Tensor.input("a", Shape.of(2), DType.F64);
    private final Tensor b = Tensor.input("b", Shape.of(2), DType.F64);
    private final Map<String, DoubleTensor> values = new LinkedHashMap<>(Map.of(
            "a", DoubleTensor.of(Shape.of(2), 2, 3),
            "b", DoubleTensor.of(Shape.of(2), 5, 7),
            "dy", DoubleTensor.of(Shape.of(2), 1, 10)));

    private Graph graph(Tensor y) {
        return Graph.of("f", List.of(a, b), Map.of("y", y));
    }

    private double[] gradient(Tensor y, String wrt) {
        return Reference.run(Gradients.of(graph(y), List.of(wrt)), values).toArray();
    }

    @Test
    void stopGradient_isAConstant() {
        assertThat(gradient(a.mul(a.stopGradient()), "a")).containsExactly(2, 30);
        assertThat(gradient(a.stopGradient(), "a")).containsExactly(0, 0);
    }

    @Test
    void dropoutMask_isAConstant() {
        double[] gradient = gradient(a.dropout(0.5), "a");
        assertThat(gradient[0]).isIn(0.0, 2.0);
        assertThat(gradient[1]).isIn(0.0, 20.0);
    }

    @Test
    void unreachedInput_getsZeros() {
        assertThat(gradient(a.scale(3), "b")).containsExactly(0, 0);
    }

    @Test
    void outputItself_getsTheCotangent() {
        assertThat(gradient(a, "a")).containsExactly(1, 10);
    }

    @Test
    void graph_hasInputsAndCotangent_andOnlyWhatIsAsked() {
        Graph gradients = Gradients.of(graph(a.mul(b)), List.of("b"));
        assertThat(gradients.name()).isEqualTo("f.gradients");
        assertThat(gradients.inputs().keySet()).containsExactly("a", "b", "dy");
        assertThat(gradients.outputs().keySet()).containsExactly("b");
        assertThat(gradients.nodes()).hasSize(3);
    }

    @Test
    void unknownInput_throws() {
        assertThatThrownBy(() -> Gradients.of(graph(a), List.of("c")))
                .isInstanceOf(GraphException.class)
                .hasMessage("f has no input c, only [a, b]");
    }

    @Test
    void twoOutputs_throw() {
        Graph graph = Graph.of("g", List.of(a, b), Map.of("y", a, "z", b));
        assertThatThrownBy(() -> Gradients.of(graph, List.of("a")))
                .isInstanceOf(GraphException.class)
                .hasMessage("g has 2 outputs, expected one");
    }
}
