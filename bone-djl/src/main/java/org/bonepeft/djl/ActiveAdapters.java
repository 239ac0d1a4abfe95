package org.bonepeft.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.bonepeft.adapter.AdapterException;
import org.bonepeft.adapter.AdapterGraphs;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Evaluation;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.djl.backend.Scalars;
import org.bonepeft.graph.Cost;
import org.bonepeft.graph.Graph;

/** Adapters that act on a layer, in order, with their forward graphs. Immutable but for caches. */
final class ActiveAdapters {
    private final LayerSpec spec;
    private final List<AdapterMethod> methods;
    private final Optional<LayerAdapter.Residual> residual;
    private final Map<String, Source> inputs = new LinkedHashMap<>();
    private final Map<Choice, Forward> forwards = new ConcurrentHashMap<>();
    private final Map<Boolean, List<Map<Evaluation, Cost>>> costs = new ConcurrentHashMap<>();

    ActiveAdapters(LayerSpec spec, List<String> names, List<LayerAdapter> adapters) {
        this.spec = spec;
        this.methods = adapters.stream().map(LayerAdapter::method).toList();
        List<LayerAdapter.Residual> residuals = adapters.stream()
                .flatMap(adapter -> adapter.residual().stream())
                .toList();
        if (residuals.size() > 1) {
            throw new AdapterException(spec.path() + ": of the adapters " + names
                    + " more than one has a frozen weight of its own (PiSSA, OLoRA, LoRA-GA); activate one of them");
        }
        residual = residuals.stream().findFirst();
        for (int k = 0; k < adapters.size(); k++) {
            int index = k;
            AdapterMethod method = methods.get(k);
            adapters.get(k)
                    .parameters()
                    .forEach((label, parameter) -> inputs.put(
                            AdapterGraphs.input(index, adapters.size(), label),
                            new Source(
                                    names.get(index),
                                    parameter,
                                    method.linearParameter()
                                            .filter(label::equals)
                                            .isPresent())));
        }
    }

    /** The frozen weight to use instead of the base's, if an adapter has its own. */
    Optional<LayerAdapter.Residual> residual() {
        return residual;
    }

    /** Where the values of the graph's inputs come from, by their names in the graph. */
    Map<String, Source> inputs() {
        return inputs;
    }

    /**
     * A parameter of an adapter.
     *
     * @param adapter the adapter's name
     * @param linear whether scaling it scales DeltaW
     */
    record Source(String adapter, Parameter parameter, boolean linear) {
        NDArray scaled(NDArray value, Map<String, Double> scales, NDManager owner) {
            double factor = linear ? scales.getOrDefault(adapter, 1.0) : 1;
            if (factor == 1) {
                return value;
            }
            NDArray scaled = Scalars.times(value, factor);
            scaled.attach(owner);
            return scaled;
        }
    }

    /**
     * How a layer is computed.
     *
     * @param keepsWeight whether the backward pass needs a matrix as large as the weight to be kept
     */
    record Forward(Graph graph, boolean keepsWeight) {}

    /** The cheapest way for a number of tokens. */
    Forward forward(long tokens, boolean training) {
        List<Evaluation> evaluations = costs.computeIfAbsent(training, this::costs).stream()
                .map(ways -> cheapest(ways, tokens))
                .toList();
        return forwards.computeIfAbsent(
                new Choice(evaluations, training),
                choice -> new Forward(
                        AdapterGraphs.forward(spec, methods, choice.evaluations(), choice.training()),
                        keepsWeight(choice)));
    }

    private boolean keepsWeight(Choice choice) {
        double weight = (double) spec.in() * spec.out() * spec.weightType().bytes();
        List<Map<Evaluation, Cost>> ways = costs.computeIfAbsent(choice.training(), this::costs);
        return IntStream.range(0, ways.size())
                .mapToObj(i -> Objects.requireNonNull(
                        ways.get(i).get(choice.evaluations().get(i))))
                .anyMatch(cost -> cost.keptBytes().fixed() >= weight);
    }

    private List<Map<Evaluation, Cost>> costs(boolean training) {
        List<Map<Evaluation, Cost>> all = new ArrayList<>();
        for (AdapterMethod method : methods) {
            Map<Evaluation, Cost> ways = new EnumMap<>(Evaluation.class);
            for (Evaluation way : method.choices(training)) {
                ways.put(way, AdapterGraphs.cost(method, spec, way, training));
            }
            all.add(ways);
        }
        return all;
    }

    private static Evaluation cheapest(Map<Evaluation, Cost> ways, long tokens) {
        return Collections.min(ways.entrySet(), Comparator.comparingDouble(way -> way.getValue()
                        .time(tokens)))
                .getKey();
    }

    private record Choice(List<Evaluation> evaluations, boolean training) {}
}
