package org.bonepeft.djl;

import ai.djl.nn.Parameter;
import java.util.Map;
import org.bonepeft.adapter.AdapterMethod;

/**
 * A named adapter on one layer.
 *
 * @param name the adapter's name
 * @param method what it does
 * @param parameters its trainable parameters, by their names in the method
 */
public record LayerAdapter(String name, AdapterMethod method, Map<String, Parameter> parameters) {
    /** Copies the map. */
    public LayerAdapter {
        parameters = java.util.Collections.unmodifiableMap(new java.util.LinkedHashMap<>(parameters));
    }
}
