package org.bonepeft.djl.torch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bonepeft.adapter.AdapterGraphs;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Evaluation;
import org.bonepeft.adapter.Grouping;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.graph.Graph;
import org.bonepeft.tensor.DType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** That the text computes the graph is tested by {@link TorchGraphRunnerTest} and {@link LayerScriptTest}. */
class GraphScriptTest {
    @ParameterizedTest
    @CsvSource({"BF16, true, 1", "BF16, false, 0", "F32, true, 0"})
    void scatteredBatches_areCopiedOnceForAllGraphsThatReadThem(DType type, boolean shared, int copies) {
        LayerSpec spec = new LayerSpec("layer", 8, 4, false, type, type);
        Graph graph = AdapterGraphs.forward(new Bat(2, Grouping.ROW), spec, Evaluation.FACTORED, false);
        ScriptLines lines = new ScriptLines();
        String q = print(graph, "q", shared, lines);
        String k = print(graph, "k", shared, lines);
        String text = lines.returning(q, k);
        assertThat(text.split("torch.bmm\\(", -1)).as(text).hasSize(3);
        assertThat(text.split("torch.contiguous\\(", -1)).as(text).hasSize(copies + 1);
    }

    private static String print(Graph graph, String linear, boolean shared, ScriptLines lines) {
        Map<String, String> inputs = new LinkedHashMap<>();
        GraphScript.inputs(graph).forEach(label -> inputs.put(label, label.equals(LayerSpec.X) ? "x" : linear + label));
        return GraphScript.print(graph, inputs, false, shared, lines);
    }
}
