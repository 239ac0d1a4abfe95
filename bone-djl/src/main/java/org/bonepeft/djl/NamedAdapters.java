package org.bonepeft.djl;

import ai.djl.ndarray.NDArray;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.bonepeft.adapter.AdapterException;
import org.jspecify.annotations.Nullable;

/** The adapters of a model by name: how each was put in, the layers that it is on, and its parameters there. */
final class NamedAdapters {
    private final Map<String, AdaptedLinear> layers;
    private final Map<String, AdapterConfig> configs = new LinkedHashMap<>();

    /** Takes over the layers that have the first adapter already. */
    NamedAdapters(Map<String, AdaptedLinear> layers, AdapterConfig first) {
        this.layers = layers;
        configs.put(first.name(), first);
    }

    /** All adapted layers by path. */
    Map<String, AdaptedLinear> layers() {
        return Collections.unmodifiableMap(layers);
    }

    Set<String> names() {
        return Collections.unmodifiableSet(new LinkedHashSet<>(configs.keySet()));
    }

    AdapterConfig config(String name) {
        @Nullable AdapterConfig config = configs.get(name);
        if (config == null) {
            throw new AdapterException("no adapter '" + name + "'; there are " + configs.keySet());
        }
        return config;
    }

    /** The layers that an adapter is on, by path. */
    Map<String, AdaptedLinear> layersOf(String name) {
        config(name);
        Map<String, AdaptedLinear> found = new LinkedHashMap<>(layers);
        found.values().removeIf(layer -> !layer.adapters().containsKey(name));
        return found;
    }

    /** The layers that all of some adapters are on, which must be the same for each. */
    Map<String, AdaptedLinear> sharedLayers(List<String> names) {
        String first = names.get(0);
        Map<String, AdaptedLinear> shared = layersOf(first);
        names.forEach(name -> {
            if (!layersOf(name).keySet().equals(shared.keySet())) {
                throw new AdapterException("adapters " + first + " and " + name + " are on different layers");
            }
        });
        return shared;
    }

    void requireFree(String name) {
        if (configs.containsKey(name)) {
            throw new AdapterException(
                    "there is an adapter '" + name + "' already; remove it first or take another name");
        }
    }

    /** Takes note of an adapter that has been put on some layers, new and old. */
    void add(AdapterConfig config, Map<String, AdaptedLinear> on) {
        layers.putAll(on);
        configs.put(config.name(), config);
    }

    void remove(String name) {
        layersOf(name).values().forEach(layer -> layer.takeAdapter(name).close());
        configs.remove(name);
    }

    void rename(String from, String to) {
        AdapterConfig config = config(from);
        layersOf(from).values().forEach(layer -> layer.renameAdapter(from, to));
        configs.remove(from);
        configs.put(to, config.withName(to));
    }

    /** Makes the parameters of some adapters trainable, and those of all others not. */
    void train(List<String> names) {
        layers.values().forEach(layer -> layer.adapters()
                .forEach((name, adapter) ->
                        adapter.parameters().values().forEach(parameter -> parameter.freeze(!names.contains(name)))));
    }

    /** Overwrites all parameters of an adapter, by layer path and parameter name, in place. */
    void replace(String name, Map<String, Map<String, NDArray>> values) {
        Map<String, AdaptedLinear> targets = layersOf(name);
        if (!targets.keySet().equals(values.keySet())) {
            throw new AdapterException(
                    "adapter '" + name + "' is on " + targets.keySet() + ", values are given for " + values.keySet());
        }
        targets.forEach((path, layer) -> adapter(layer, name).check(path, parameters(values, path)));
        targets.forEach((path, layer) -> parameters(values, path)
                .forEach((label, value) -> adapter(layer, name).assign(label, value)));
    }

    private static Map<String, NDArray> parameters(Map<String, Map<String, NDArray>> values, String path) {
        return values.getOrDefault(path, Map.of());
    }

    private static LayerAdapter adapter(AdaptedLinear layer, String name) {
        return Objects.requireNonNull(layer.adapters().get(name));
    }

    void clear() {
        layers.clear();
        configs.clear();
    }
}
