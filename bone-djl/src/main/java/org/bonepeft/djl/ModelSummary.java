package org.bonepeft.djl;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** Which parameters of a model train, how many they are, and where. */
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
