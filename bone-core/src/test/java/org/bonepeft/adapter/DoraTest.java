package org.bonepeft.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bonepeft.graph.Gradients;
import org.bonepeft.graph.Graph;
import org.bonepeft.graph.Tensor;
import org.bonepeft.reference.DoubleTensor;
import org.bonepeft.reference.ReferenceBackend;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.bonepeft.testkit.FiniteDifferences;
import org.bonepeft.testkit.Reference;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.Test;

class DoraTest {
    private final LayerSpec layer = Layers.layer(6, 8);
    private final Dora dora = new Dora(3, 2);
    private final Map<String, DoubleTensor> inputs = Layers.inputs(layer, 5, dora);

    /** y = m (x (W + s B A)^T) / n with the norm n given from outside. */
    private Graph withGivenNorm() {
        Tensor x = layer.x();
        Tensor weight = layer.weight();
        List<Tensor> all = new ArrayList<>(List.of(x, weight));
        Map<String, Tensor> named = new LinkedHashMap<>();
        dora.parameters(layer).forEach(p -> named.put(p.name(), Tensor.input(p.name(), p.shape(), DType.F64)));
        Tensor norm = Tensor.input("norm", Shape.of(layer.out()), DType.F64);
        all.addAll(named.values());
        all.add(norm);
        Tensor moved = weight.add(dora.lora().delta(layer, weight, named));
        Tensor y = x.matMul(moved.transpose()).mul(named.get("magnitude")).div(norm);
        return Graph.of("given norm", all, Map.of("y", y));
    }

    @Test
    void gradients_takeTheNormAsAConstant() {
        Tensor weight = layer.weight();
        Tensor delta = Tensor.input("delta", weight.shape(), DType.F64);
        Map<String, DoubleTensor> given = new LinkedHashMap<>(inputs);
        given.put("delta", Reference.run(AdapterGraphs.delta(dora.lora(), layer), inputs));
        Graph norms = Graph.of(
                "norms",
                List.of(weight, delta),
                Map.of("n", Dora.rowNorm(weight.add(delta)).reshape(layer.out())));
        given.put("norm", Reference.run(norms, given));
        Graph expected = withGivenNorm();
        List<String> wrt = Layers.differentiable(layer, dora);
        FiniteDifferences.check(expected, given, wrt);

        given.put(Gradients.COTANGENT, Reference.random(Shape.of(5, layer.out()), 77));
        for (Evaluation evaluation : dora.evaluations()) {
            Graph graph = Gradients.of(AdapterGraphs.forward(dora, layer, evaluation, true), wrt);
            for (String name : wrt) {
                Tolerance.FLOAT64.check(
                        evaluation + ", " + name,
                        Reference.run(graph, given, name).toArray(),
                        Reference.run(Gradients.of(expected, wrt), given, name).toArray());
            }
        }
    }

    @Test
    void factored_formsNothingOfTheWeightsSize() {
        Graph graph = AdapterGraphs.forward(dora, Layers.layer(60, 80), Evaluation.FACTORED, true);
        assertThat(graph.nodes())
                .filteredOn(node -> !node.op().isView() && !node.op().operands().isEmpty())
                .allSatisfy(node -> assertThat(node.shape().knownSize()).isLessThan(60 * 80));
    }

    /** As PEFT: y = x W^T + bias + (g - 1) (d W^T) + g s (d A^T) B^T for the dropped d, g = m / norm. */
    @Test
    void dropout_actsOnWhatTheAdapterAdds() {
        Dora dropped = new Dora(new Lora(3, 2, false, 0.5));
        assertThat(Layers.run(AdapterGraphs.forward(dropped, layer, Evaluation.FACTORED, false), inputs))
                .isEqualTo(Layers.run(AdapterGraphs.forward(dora, layer, Evaluation.FACTORED, false), inputs));

        Graph graph = AdapterGraphs.forward(dropped, layer, Evaluation.FACTORED, true);
        DoubleTensor x = Reference.get(inputs, "x");
        ReferenceBackend backend = new ReferenceBackend(3);
        double[] actual = Reference.get(graph.evaluate(backend, inputs), "y").toArray();
        DoubleTensor d = backend.mul(x, new ReferenceBackend(3).dropoutMask(x, 0.5));
        double[] full = Layers.run(AdapterGraphs.merged(dora, layer), inputs);
        double[] weight = Reference.get(inputs, "weight").toArray();
        DoubleTensor zero = DoubleTensor.zeros(Shape.of(layer.out()));
        double[] base = Layers.linear(x, weight, Reference.get(inputs, "bias"));
        double[] adapted = Layers.linear(d, full, zero);
        double[] frozen = Layers.linear(d, weight, zero);
        double[] expected = new double[base.length];
        for (int i = 0; i < expected.length; i++) {
            expected[i] = base[i] + adapted[i] - frozen[i];
        }
        Tolerance.FLOAT64.check("dropout", actual, expected);
    }
}
