package org.bonepeft.djl;

import ai.djl.nn.Parameter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bonepeft.adapter.AdapterGraphs;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Evaluation;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.graph.Cost;
import org.bonepeft.graph.Graph;

/** The adapters that act on a layer, in order, with their forward graphs. Immutable but for a cache of graphs. */
final class ActiveAdapters {
    private final LayerSpec spec;
    private final List<LayerAdapter> adapters;
    private final Map<String, Parameter> parameters = new LinkedHashMap<>();
    private final Map<Choice, Graph> graphs = new ConcurrentHashMap<>();
    private final Map<Boolean, List<Map<Evaluation, Cost>>> costs = new ConcurrentHashMap<>();

    ActiveAdapters(LayerSpec spec, List<LayerAdapter> adapters) {
        this.spec = spec;
        this.adapters = List.copyOf(adapters);
        for (int k = 0; k < adapters.size(); k++) {
            int index = k;
            adapters.get(k)
                    .parameters()
                    .forEach((name, parameter) ->
                            parameters.put(AdapterGraphs.input(index, adapters.size(), name), parameter));
        }
    }

    List<LayerAdapter> adapters() {
        return adapters;
    }

    /** The parameters of all adapters by the names of the graph's inputs. */
    Map<String, Parameter> parameters() {
        return parameters;
    }

    /** The cheapest graph for a number of tokens. */
    Graph graph(long tokens, boolean training) {
        List<Evaluation> evaluations = costs.computeIfAbsent(training, this::costs).stream()
                .map(ways -> cheapest(ways, tokens))
                .toList();
        return graphs.computeIfAbsent(new Choice(evaluations, training), choice -> {
            List<AdapterMethod> methods =
                    adapters.stream().map(LayerAdapter::method).toList();
            return AdapterGraphs.forward(spec, methods, choice.evaluations(), choice.training());
        });
    }

    private List<Map<Evaluation, Cost>> costs(boolean training) {
        List<Map<Evaluation, Cost>> all = new ArrayList<>();
        for (LayerAdapter adapter : adapters) {
            Map<Evaluation, Cost> ways = new EnumMap<>(Evaluation.class);
            for (Evaluation way : adapter.method().evaluations()) {
                ways.put(way, AdapterGraphs.cost(adapter.method(), spec, way, training));
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
