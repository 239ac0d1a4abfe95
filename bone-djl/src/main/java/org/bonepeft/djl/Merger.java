package org.bonepeft.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.AdapterException;
import org.bonepeft.adapter.AdapterGraphs;
import org.bonepeft.graph.Graph;

/** Adds DeltaW to base weights and takes it out again. */
final class Merger {
    private final Map<String, AdaptedLinear> layers;
    private final Map<String, NDArray> copies = new LinkedHashMap<>();
    private List<String> merged = List.of();
    private boolean keepsCopy;

    Merger(Map<String, AdaptedLinear> layers) {
        this.layers = layers;
    }

    List<String> merged() {
        return merged;
    }

    boolean keepsCopy() {
        return keepsCopy;
    }

    Map<String, Double> merge(AdapterSelection.State state, boolean keepCopy) {
        if (!merged.isEmpty()) {
            throw new AdapterException(merged + " are merged already; call unmerge first");
        }
        if (state.active().isEmpty()) {
            throw new AdapterException("no adapter is active; activate one before merging");
        }
        // Once to see that all results are finite, once to write them: no second set of weights is ever in memory.
        layers.forEach((path, layer) -> {
            try (NDManager scratch = layer.weightArray().getManager().newSubManager()) {
                if (!Double.isFinite(Values.largest(mergedWeight(layer, state, scratch)))) {
                    throw new AdapterException(
                            path + ": the merged weight is not finite; no weight was changed. The adapter or the base"
                                    + " holds NaN or infinity, or their sum overflows");
                }
            }
        });
        Map<String, Double> errors = new LinkedHashMap<>();
        layers.forEach((path, layer) -> errors.put(path, merge(path, layer, state, keepCopy)));
        merged = state.active();
        keepsCopy = keepCopy;
        return errors;
    }

    private double merge(String path, AdaptedLinear layer, AdapterSelection.State state, boolean keepCopy) {
        NDArray weight = layer.weightArray();
        List<String> names = names(layer, state);
        OptionalDouble error;
        try (NDManager scratch = weight.getManager().newSubManager()) {
            NDArray result = mergedWeight(layer, state, scratch);
            error = keepCopy ? OptionalDouble.empty() : inverseError(layer, result, state, scratch);
            if (error.isEmpty()) {
                copies.put(path, weight.duplicate());
            }
            Values.overwrite(weight, result);
        }
        layer.setMerged(names);
        return error.orElse(0);
    }

    /** Returns how far the inverse's result is from the weight; empty if there is none, as of Bat with singular I + B. */
    private OptionalDouble inverseError(
            AdaptedLinear layer, NDArray result, AdapterSelection.State state, NDManager scratch) {
        if (names(layer, state).stream().anyMatch(name -> inverse(layer, name).isEmpty())) {
            return OptionalDouble.empty();
        }
        try {
            double error = Values.distance(unmergedWeight(layer, result, state, scratch), layer.weightArray());
            return Double.isFinite(error) ? OptionalDouble.of(error) : OptionalDouble.empty();
        } catch (BoneException e) {
            return OptionalDouble.empty();
        }
    }

    void unmerge(AdapterSelection.State state) {
        if (merged.isEmpty()) {
            throw new AdapterException("nothing is merged");
        }
        AdapterSelection.State then = state.withActive(merged);
        layers.forEach((path, layer) -> {
            NDArray copy = copies.remove(path);
            if (copy != null) {
                try (copy) {
                    Values.overwrite(layer.weightArray(), copy);
                }
            } else {
                try (NDManager scratch = layer.weightArray().getManager().newSubManager()) {
                    Values.overwrite(layer.weightArray(), unmergedWeight(layer, layer.weightArray(), then, scratch));
                }
            }
            layer.setMerged(List.of());
        });
        merged = List.of();
    }

    void close() {
        copies.values().forEach(NDArray::close);
        copies.clear();
        merged = List.of();
    }

    private static List<String> names(AdaptedLinear layer, AdapterSelection.State state) {
        return state.active().stream().filter(layer.adapters()::containsKey).toList();
    }

    private NDArray mergedWeight(AdaptedLinear layer, AdapterSelection.State state, NDManager scratch) {
        List<String> names = names(layer, state);
        NDArray weight = new ActiveAdapters(
                        layer.spec(),
                        names,
                        names.stream().map(name -> adapter(layer, name)).toList())
                .residual()
                .map(LayerAdapter.Residual::weight)
                .orElse(layer.weightArray());
        for (String name : names) {
            Graph graph = AdapterGraphs.merged(adapter(layer, name).method(), layer.spec());
            weight = run(graph, layer, name, "weight", weight, state, scratch);
        }
        return weight;
    }

    private NDArray unmergedWeight(
            AdaptedLinear layer, NDArray result, AdapterSelection.State state, NDManager scratch) {
        List<String> names = names(layer, state);
        NDArray weight = result;
        for (int k = names.size() - 1; k >= 0; k--) {
            Graph graph = inverse(layer, names.get(k)).orElseThrow();
            weight = run(graph, layer, names.get(k), "merged", weight, state, scratch);
        }
        return weight;
    }

    private static Optional<Graph> inverse(AdaptedLinear layer, String name) {
        return AdapterGraphs.inverse(adapter(layer, name).method(), layer.spec());
    }

    private NDArray run(
            Graph graph,
            AdaptedLinear layer,
            String name,
            String input,
            NDArray weight,
            AdapterSelection.State state,
            NDManager scratch) {
        Map<String, NDArray> values = new LinkedHashMap<>();
        values.put(input, weight);
        LayerAdapter adapter = adapter(layer, name);
        adapter.parameters().forEach((label, parameter) -> {
            NDArray constant = parameter.getArray().stopGradient();
            constant.attach(scratch);
            boolean linear =
                    adapter.method().linearParameter().filter(label::equals).isPresent();
            values.put(
                    label,
                    new ActiveAdapters.Source(name, parameter, linear).scaled(constant, state.scales(), scratch));
        });
        return layer.runner().run(graph, values, scratch);
    }

    private static LayerAdapter adapter(AdaptedLinear layer, String name) {
        return Objects.requireNonNull(layer.adapters().get(name));
    }
}
