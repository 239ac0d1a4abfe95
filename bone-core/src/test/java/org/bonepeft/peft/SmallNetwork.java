package org.bonepeft.peft;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bonepeft.adapter.AdapterGraphs;
import org.bonepeft.adapter.Evaluation;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.graph.Graph;
import org.bonepeft.reference.DoubleTensor;
import org.bonepeft.safetensors.TensorSource;
import org.bonepeft.tensor.Shape;
import org.bonepeft.testkit.Reference;

/**
 * The network of the golden adapters: in each layer x + o_proj(softmax(q k^T / sqrt(hidden)) v), then x +
 * down_proj(silu(gate_proj) * up_proj), no norms and no mask; at last lm_head.
 *
 * @param weights the frozen weights by name
 */
record SmallNetwork(Map<String, DoubleTensor> weights, PeftAdapter adapter) {
    /** Returns the tensors of a file whose names begin with a prefix, without it. */
    static Map<String, DoubleTensor> tensors(TensorSource file, String prefix) {
        Map<String, DoubleTensor> tensors = new LinkedHashMap<>();
        file.tensors().forEach((name, info) -> {
            if (name.startsWith(prefix)) {
                tensors.put(name.substring(prefix.length()), DoubleTensor.of(info.shape(), file.doubles(name)));
            }
        });
        return tensors;
    }

    /** Returns the linear layers. */
    List<LayerSpec> linears() {
        return weights.entrySet().stream()
                .map(entry -> new LayerSpec(
                        entry.getKey().replace(".weight", ""),
                        entry.getValue().shape().dim(1),
                        entry.getValue().shape().dim(0),
                        false))
                .toList();
    }

    /** Returns y of one sequence x [tokens, hidden]. */
    double[][] forward(double[][] x) {
        double[][] now = x;
        for (int layer = 0; weights.containsKey("model.layers." + layer + ".self_attn.q_proj.weight"); layer++) {
            String path = "model.layers." + layer + ".";
            double[][] q = linear(path + "self_attn.q_proj", now);
            double[][] k = linear(path + "self_attn.k_proj", now);
            double[][] v = linear(path + "self_attn.v_proj", now);
            now = sum(now, linear(path + "self_attn.o_proj", attention(q, k, v)));
            double[][] gate = linear(path + "mlp.gate_proj", now);
            double[][] up = linear(path + "mlp.up_proj", now);
            for (int t = 0; t < up.length; t++) {
                for (int i = 0; i < up[t].length; i++) {
                    up[t][i] *= gate[t][i] / (1 + Math.exp(-gate[t][i]));
                }
            }
            now = sum(now, linear(path + "mlp.down_proj", up));
        }
        return linear("lm_head", now);
    }

    private static double[][] attention(double[][] q, double[][] k, double[][] v) {
        double[][] result = new double[q.length][v[0].length];
        for (int t = 0; t < q.length; t++) {
            double[] scores = new double[k.length];
            for (int s = 0; s < k.length; s++) {
                for (int i = 0; i < q[t].length; i++) {
                    scores[s] += q[t][i] * k[s][i] / Math.sqrt(q[t].length);
                }
            }
            double largest = Arrays.stream(scores).max().orElseThrow();
            double[] weights = Arrays.stream(scores)
                    .map(score -> Math.exp(score - largest))
                    .toArray();
            double total = Arrays.stream(weights).sum();
            for (int s = 0; s < k.length; s++) {
                for (int i = 0; i < v[s].length; i++) {
                    result[t][i] += weights[s] / total * v[s][i];
                }
            }
        }
        return result;
    }

    private static double[][] sum(double[][] a, double[][] b) {
        double[][] result = new double[a.length][a[0].length];
        for (int t = 0; t < a.length; t++) {
            for (int i = 0; i < a[t].length; i++) {
                result[t][i] = a[t][i] + b[t][i];
            }
        }
        return result;
    }

    private double[][] linear(String path, double[][] x) {
        DoubleTensor weight = Reference.get(weights, path + ".weight");
        AdapterTensor saved = adapter.saved().get(path + ".weight");
        LayerSpec layer =
                new LayerSpec(path, weight.shape().dim(1), weight.shape().dim(0), false);
        Map<String, DoubleTensor> inputs = new LinkedHashMap<>();
        inputs.put(LayerSpec.WEIGHT, saved == null ? weight : tensor(saved));
        inputs.put(LayerSpec.X, rows(x));
        AdapterLayer adapted = adapter.layers().get(path);
        Graph graph = AdapterGraphs.base(layer);
        if (adapted != null) {
            adapted.parameters().forEach((name, parameter) -> inputs.put(name, tensor(parameter)));
            graph = AdapterGraphs.forward(adapted.method(), layer, Evaluation.FORMED, false);
        }
        double[] y = Reference.run(graph, inputs, LayerSpec.Y).toArray();
        int out = (int) layer.out();
        return IntStream.range(0, x.length)
                .mapToObj(t -> Arrays.copyOfRange(y, t * out, (t + 1) * out))
                .toArray(double[][]::new);
    }

    private static DoubleTensor rows(double[][] x) {
        double[] flat = Arrays.stream(x).flatMapToDouble(Arrays::stream).toArray();
        return DoubleTensor.of(Shape.of(x.length, x[0].length), flat);
    }

    private static DoubleTensor tensor(AdapterTensor tensor) {
        double[] wide = new double[tensor.values().length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = tensor.values()[i];
        }
        return DoubleTensor.of(tensor.shape(), wide);
    }
}
