package org.bonepeft.adapter;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.bonepeft.graph.Graph;
import org.bonepeft.reference.DoubleTensor;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.bonepeft.testkit.Reference;

/** Float64 layers and methods to test on them. */
final class Layers {
    private Layers() {}

    static LayerSpec layer(long in, long out) {
        return new LayerSpec("model.layers.3.mlp.gate_proj", in, out, true, DType.F64, DType.F64);
    }

    /** Every method in every variant, with blocks of size {@code b}. */
    static List<AdapterMethod> methods(int b) {
        return List.of(
                new Bone(b),
                new Bone(b, Grouping.ROW),
                new Bone(b, Grouping.COL, 0, true),
                new MissMini(b, 2),
                new Bat(b),
                new Bat(b, Grouping.ROW),
                new Bat(b, Grouping.GROUP, 1),
                new Bat(b, Grouping.GROUP, 3),
                new Hadamard(b),
                new Hadamard(b, Grouping.ROW),
                new Unconstrained(b),
                new Lora(b, 3),
                new Lora(b, 3, true, 0),
                new Lora(b, 3, new Pissa()),
                new Dora(b, 3));
    }

    /** Methods that fit a layer. */
    static Stream<AdapterMethod> fitting(int b, LayerSpec layer) {
        return methods(b).stream().filter(method -> {
            try {
                method.check(layer);
                return true;
            } catch (AdapterException e) {
                return false;
            }
        });
    }

    /** x, weight, bias and parameters, all random. */
    static Map<String, DoubleTensor> inputs(LayerSpec layer, long tokens, AdapterMethod... methods) {
        Map<String, DoubleTensor> inputs = new LinkedHashMap<>();
        inputs.put("x", Reference.random(Shape.of(tokens, layer.in()), 1));
        inputs.put("weight", Reference.random(Shape.of(layer.out(), layer.in()), 2));
        inputs.put("bias", Reference.random(Shape.of(layer.out()), 3));
        for (int k = 0; k < methods.length; k++) {
            for (AdapterParameter parameter : methods[k].parameters(layer)) {
                inputs.put(
                        AdapterGraphs.input(k, methods.length, parameter.name()),
                        Reference.random(parameter.shape(), 4 + inputs.size()));
            }
        }
        return inputs;
    }

    /** Parameters as their initializers draw them. */
    static Map<String, DoubleTensor> drawn(LayerSpec layer, AdapterMethod method) {
        Map<String, DoubleTensor> drawn = new LinkedHashMap<>();
        SplittableRandom random = new SplittableRandom(5);
        for (AdapterParameter parameter : method.parameters(layer)) {
            float[] start = parameter.initializer().initialize(parameter.shape(), random);
            double[] values = new double[start.length];
            for (int i = 0; i < start.length; i++) {
                values[i] = start[i];
            }
            drawn.put(parameter.name(), DoubleTensor.of(parameter.shape(), values));
        }
        return drawn;
    }

    /** The names of x and of all parameters. */
    static List<String> differentiable(LayerSpec layer, AdapterMethod method) {
        List<String> names = new ArrayList<>(List.of("x"));
        method.parameters(layer).forEach(parameter -> names.add(parameter.name()));
        return names;
    }

    static double[] run(Graph graph, Map<String, DoubleTensor> inputs) {
        return Reference.run(graph, inputs).toArray();
    }

    /** x W^T + bias in plain loops. */
    static double[] linear(DoubleTensor x, double[] weight, DoubleTensor bias) {
        int in = (int) x.shape().dim(1);
        int out = (int) bias.shape().dim(0);
        int tokens = (int) x.shape().dim(0);
        double[] y = new double[tokens * out];
        for (int t = 0; t < tokens; t++) {
            for (int o = 0; o < out; o++) {
                double sum = bias.toArray()[o];
                for (int c = 0; c < in; c++) {
                    sum += x.toArray()[t * in + c] * weight[o * in + c];
                }
                y[t * out + o] = sum;
            }
        }
        return y;
    }
}
