package org.bonepeft.djl;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Which parameters of a model train, how many they are, and where; which adapters are on each layer. */
final class ModelSummary {
    private ModelSummary() {}

    static Map<String, Parameter> trainable(Block block) {
        Map<String, Parameter> trainable = new LinkedHashMap<>();
        block.getParameters().forEach(pair -> {
            if (pair.getValue().requiresGradient()) {
                trainable.put(pair.getKey(), pair.getValue());
            }
        });
        return trainable;
    }

    static long count(Collection<Parameter> parameters) {
        return parameters.stream()
                .mapToLong(parameter -> parameter.getArray().size())
                .sum();
    }

    static String total(long trainable, long total) {
        return String.format(
                Locale.ROOT, "trainable %,d of %,d parameters (%.2f %%)", trainable, total, 100.0 * trainable / total);
    }

    static Map<String, AdaptedModel.LayerStatus> status(Map<String, AdaptedLinear> layers, List<String> active) {
        Map<String, AdaptedModel.LayerStatus> status = new LinkedHashMap<>();
        layers.forEach((path, layer) -> {
            Map<String, String> methods = new LinkedHashMap<>();
            layer.adapters()
                    .forEach((name, adapter) ->
                            methods.put(name, adapter.method().name()));
            List<String> acting = active.stream().filter(methods::containsKey).toList();
            status.put(path, new AdaptedModel.LayerStatus(methods, acting, layer.mergedAdapters()));
        });
        return status;
    }

    /** A line for each adapter of each layer, after a line break each. */
    static String perLayer(Map<String, AdaptedLinear> layers) {
        StringBuilder text = new StringBuilder();
        layers.forEach((path, layer) -> layer.adapters()
                .forEach((name, adapter) -> text.append(String.format(
                        Locale.ROOT,
                        "%n  %s: %s '%s', %,d",
                        path,
                        adapter.method().name(),
                        name,
                        count(adapter.parameters().values())))));
        return text.toString();
    }
}
