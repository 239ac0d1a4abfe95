package org.bonepeft.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bonepeft.reference.DoubleTensor;
import org.bonepeft.reference.ReferenceBackend;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.bonepeft.testkit.Reference;
import org.junit.jupiter.api.Test;

class GraphTest {
    private final Tensor x = Tensor.input("x", Shape.of(Shape.TOKENS, 2), DType.F32);
    private final Tensor w = Tensor.input("w", Shape.of(2, 2), DType.F32);

    private Graph graph(Tensor y) {
        return Graph.of("f", List.of(x, w), Map.of("y", y));
    }

    @Test
    void nodes_operandsComeFirst_sharedOnesOnce() {
        Tensor product = x.matMul(w);
        Tensor y = product.add(product);
        assertThat(graph(y).nodes()).containsExactly(x, w, product, y);
    }

    @Test
    void evaluate() {
        DoubleTensor left = DoubleTensor.of(Shape.of(1, 2), 1, 2);
        DoubleTensor y = Reference.run(
                graph(x.matMul(w).add(x)), Map.of("x", left, "w", DoubleTensor.of(Shape.of(2, 2), 1, 2, 3, 4)));
        assertThat(y.toArray()).containsExactly(8, 12);
        assertThat(left.toArray()).containsExactly(1, 2);
    }

    @Test
    void evaluate_withoutAnInput_throws() {
        assertThatThrownBy(() -> graph(x.matMul(w))
                        .evaluate(new ReferenceBackend(), Map.of("x", DoubleTensor.zeros(Shape.of(1, 2)))))
                .isInstanceOf(GraphException.class)
                .hasMessage("f needs w [2, 2], was given [x]");
    }

    @Test
    void evaluate_withoutAnInputThatIsNotNeeded_works() {
        assertThat(Reference.run(graph(x.scale(2)), Map.of("x", DoubleTensor.of(Shape.of(1, 2), 1, 2)))
                        .toArray())
                .containsExactly(2, 4);
    }

    /** Each intermediate value once, as soon as its last reader has run; no input, no output, no memory taken over. */
    @Test
    void evaluate_releasesWhatIsNotNeeded() {
        Tensor product = x.matMul(w);
        Tensor root = product.sqrt();
        Tensor sum = root.add(product);
        Tensor fused = x.matMul(w).add(sum);
        Graph graph = Graph.of("f", List.of(x, w), Map.of("y", fused.scale(2), "root", root));
        List<String> calls = new ArrayList<>();
        ReferenceBackend reference = new ReferenceBackend();
        Backend<?> backend = (Backend<?>) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {Backend.class}, (proxy, call, arguments) -> {
                    calls.add(call.getName() + (call.getName().equals("release") ? " " + arguments[0] : ""));
                    return call.invoke(reference, arguments);
                });
        @SuppressWarnings("unchecked")
        Backend<DoubleTensor> watched = (Backend<DoubleTensor>) backend;
        graph.evaluate(
                watched,
                Map.of("x", DoubleTensor.of(Shape.of(1, 2), 1, 0), "w", DoubleTensor.of(Shape.of(2, 2), 4, 9, 0, 0)));
        assertThat(calls)
                .containsExactlyInAnyOrder(
                        "matMul",
                        "sqrt",
                        "add",
                        "release [1, 2] [4.0, 9.0]",
                        "matMul",
                        "add",
                        "release [1, 2] [6.0, 12.0]",
                        "scale",
                        "release [1, 2] [10.0, 21.0]");
        assertThat(calls.indexOf("release [1, 2] [4.0, 9.0]")).isGreaterThan(calls.indexOf("add"));
    }

    @Test
    void unlistedInput_throws() {
        assertThatThrownBy(() -> Graph.of("f", List.of(x), Map.of("y", x.matMul(w))))
                .isInstanceOf(GraphException.class)
                .hasMessage("f: input w is not listed");
    }

    @Test
    void otherInputOfTheSameName_throws() {
        Tensor other = Tensor.input("w", Shape.of(2, 2), DType.F32);
        assertThatThrownBy(() -> Graph.of("f", List.of(x, other), Map.of("y", x.matMul(w))))
                .hasMessage("f: input w is not listed");
    }

    @Test
    void twoInputsOfOneName_throw() {
        assertThatThrownBy(() -> Graph.of("f", List.of(x, x), Map.of("y", x)))
                .isInstanceOf(GraphException.class)
                .hasMessage("f: two inputs are named x");
    }

    @Test
    void inputThatIsNone_throws() {
        assertThatThrownBy(() -> Graph.of("f", List.of(x.scale(2)), Map.of("y", x)))
                .isInstanceOf(GraphException.class)
                .hasMessage("f: scale [T, 2] F32 is not an input");
    }

    @Test
    void mayReuseFirstOperand_aFreshValueThatNobodyElseReads() {
        Tensor product = x.matMul(w);
        Tensor sum = product.add(x);
        assertThat(graph(sum).mayReuseFirstOperand(sum)).isTrue();
        Tensor fused = x.matMul(w).addMatMul(x, w);
        assertThat(graph(fused).mayReuseFirstOperand(fused)).isTrue();
    }

    @Test
    void mayReuseFirstOperand_notAnInputNorOneReadTwiceNorASmallerOne() {
        Tensor ofInput = x.add(x.matMul(w));
        assertThat(graph(ofInput).mayReuseFirstOperand(ofInput)).isFalse();
        Tensor product = x.matMul(w);
        Tensor readTwice = product.add(product);
        assertThat(graph(readTwice).mayReuseFirstOperand(readTwice)).isFalse();
        Tensor row = w.matMul(w).sum(0);
        Tensor smaller = row.add(x);
        assertThat(graph(smaller).mayReuseFirstOperand(smaller)).isFalse();
        Tensor viewOfInput = w.reshape(4).add(w.matMul(w).reshape(4));
        assertThat(graph(viewOfInput).mayReuseFirstOperand(viewOfInput)).isFalse();
        Tensor scaled = x.scale(2).sub(x);
        assertThat(graph(scaled).mayReuseFirstOperand(scaled)).isFalse();
    }

    @Test
    void mayReuseFirstOperand_notAnOutput() {
        Tensor product = x.matMul(w);
        Tensor sum = product.add(x);
        Graph graph = Graph.of("f", List.of(x, w), Map.of("y", sum, "z", product));
        assertThat(graph.mayReuseFirstOperand(sum)).isFalse();
    }

    /** With one block, the permuted view still lies in row-major order, and a framework need not copy it. */
    @Test
    void mayReuseFirstOperand_notAReshapedViewOfAnInput() {
        Tensor blocks = x.reshape(-1, 1, 2).permute(1, 0, 2).reshape(-1, 2);
        Tensor sum = blocks.add(x.matMul(w));
        assertThat(graph(sum).mayReuseFirstOperand(sum)).isFalse();
        Tensor fresh = x.matMul(w).reshape(-1, 1, 2).permute(1, 0, 2).reshape(-1, 2);
        Tensor ofFresh = fresh.add(x);
        assertThat(graph(ofFresh).mayReuseFirstOperand(ofFresh)).isTrue();
    }
}
