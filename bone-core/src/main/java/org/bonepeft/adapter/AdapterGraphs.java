package org.bonepeft.adapter;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.bonepeft.graph.Cost;
import org.bonepeft.graph.Graph;
import org.bonepeft.graph.Tensor;

/**
 * The graphs of adapted layers. Inputs are named {@code x}, {@code weight}, {@code bias} (see {@link LayerSpec}) and as
 * the method's parameters; where several adapters act on one layer, the k-th one's parameters are named
 * {@code k.name}, k from 0, but for a single adapter plainly {@code name}.
 */
public final class AdapterGraphs {
    private AdapterGraphs() {}

    /** Returns the name of a parameter input of the k-th of n adapters. */
    public static String input(int k, int n, String parameter) {
        return n == 1 ? parameter : k + "." + parameter;
    }

    /** Returns the frozen layer alone: y = x W^T + bias. */
    public static Graph base(LayerSpec layer) {
        return forward(layer, List.of(), List.of(), false);
    }

    /** Returns the graph of y for one adapter. */
    public static Graph forward(AdapterMethod method, LayerSpec layer, Evaluation evaluation, boolean training) {
        return forward(layer, List.of(method), List.of(evaluation), training);
    }

    /**
     * Returns the graph of y for adapters that act one after the other: the second sees the weight that the first one
     * made.
     *
     * @param evaluations one for each method
     * @throws AdapterException if a method does not fit the layer or does not know an evaluation
     */
    public static Graph forward(
            LayerSpec layer, List<AdapterMethod> methods, List<Evaluation> evaluations, boolean training) {
        List<Tensor> inputs = new ArrayList<>(List.of(layer.x(), layer.weight()));
        inputs.addAll(layer.biasInput());
        Optional<Tensor> bias = layer.biasInput().isEmpty() ? Optional.empty() : Optional.of(inputs.get(2));
        LinearMap map = LinearMap.of(inputs.get(1));
        for (int k = 0; k < methods.size(); k++) {
            AdapterMethod method = methods.get(k);
            method.check(layer);
            Map<String, Tensor> parameters = parameters(method, layer, k, methods.size(), inputs);
            map = adapt(method, layer, map, parameters, evaluations.get(k), training);
        }
        Tensor y = map.apply(inputs.get(0).cast(layer.weightType()), bias).cast(layer.inputType());
        String name = methods.stream().map(AdapterMethod::name).collect(Collectors.joining("+"));
        return Graph.of(
                (name.isEmpty() ? "linear" : name) + ".forward " + layer.describe(), inputs, Map.of(LayerSpec.Y, y));
    }

    private static LinearMap adapt(
            AdapterMethod method,
            LayerSpec layer,
            LinearMap base,
            Map<String, Tensor> parameters,
            Evaluation evaluation,
            boolean training) {
        if (!method.evaluations(training).contains(evaluation)) {
            throw new AdapterException(
                    method.name() + " has no evaluation " + evaluation + ", only " + method.evaluations(training));
        }
        return evaluation == Evaluation.FORMED
                ? LinearMap.of(base.weight().add(method.delta(layer, base.weight(), parameters)))
                : method.adapt(layer, base, parameters, evaluation, training);
    }

    /** Returns the graph of {@code delta}, (out, in), from {@code weight} and the parameters. */
    public static Graph delta(AdapterMethod method, LayerSpec layer) {
        return weightGraph(method, layer, "delta");
    }

    /** Returns the graph of {@code merged} = W + DeltaW from {@code weight} and the parameters. */
    public static Graph merged(AdapterMethod method, LayerSpec layer) {
        return weightGraph(method, layer, "merged");
    }

    private static Graph weightGraph(AdapterMethod method, LayerSpec layer, String output) {
        method.check(layer);
        Tensor weight = layer.weight();
        List<Tensor> inputs = new ArrayList<>(List.of(weight));
        Tensor delta = method.delta(layer, weight, parameters(method, layer, 0, 1, inputs));
        return Graph.of(
                method.name() + "." + output + " " + layer.describe(),
                inputs,
                Map.of(output, output.equals("delta") ? delta : weight.add(delta)));
    }

    /**
     * Returns the graph of {@code weight} from {@code merged} and the parameters; empty if the method cannot be undone
     * from its result.
     */
    public static Optional<Graph> inverse(AdapterMethod method, LayerSpec layer) {
        method.check(layer);
        Tensor merged = Tensor.input("merged", layer.weight().shape(), layer.weightType());
        List<Tensor> inputs = new ArrayList<>(List.of(merged));
        return method.inverse(layer, merged, parameters(method, layer, 0, 1, inputs))
                .map(weight -> Graph.of(
                        method.name() + ".inverse " + layer.describe(), inputs, Map.of(LayerSpec.WEIGHT, weight)));
    }

    private static Map<String, Tensor> parameters(
            AdapterMethod method, LayerSpec layer, int k, int n, List<Tensor> inputs) {
        Map<String, Tensor> parameters = new LinkedHashMap<>();
        for (AdapterParameter parameter : method.parameters(layer)) {
            Tensor input = Tensor.input(input(k, n, parameter.name()), parameter.shape(), layer.parameterType());
            inputs.add(input);
            parameters.put(parameter.name(), input.cast(layer.weightType()));
        }
        return parameters;
    }

    /**
     * Returns the evaluation that costs least for one pass over {@code tokens} tokens.
     *
     * @param training whether the pass includes gradients of x and of the parameters
     */
    public static Evaluation cheapest(AdapterMethod method, LayerSpec layer, long tokens, boolean training) {
        return method.choices(training).stream()
                .min(Comparator.comparingDouble(
                        evaluation -> cost(method, layer, evaluation, training).time(tokens)))
                .orElseThrow();
    }

    /**
     * Returns a text of a few lines: the evaluation that {@link #cheapest} chooses, its cost, the alternatives' and the
     * frozen layer's.
     */
    public static String explain(AdapterMethod method, LayerSpec layer, long tokens, boolean training) {
        return Explanation.of(method, layer, tokens, training);
    }

    /** Returns the cost of one forward pass or, if {@code training}, of forward and backward with dx. */
    public static Cost cost(AdapterMethod method, LayerSpec layer, Evaluation evaluation, boolean training) {
        Graph forward = forward(method, layer, evaluation, training);
        if (!training) {
            return Cost.of(forward);
        }
        List<String> wrt = new ArrayList<>(List.of(LayerSpec.X));
        method.parameters(layer).forEach(parameter -> wrt.add(parameter.name()));
        return Cost.ofTraining(forward, wrt);
    }
}
