package org.bonepeft.peft;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bonepeft.adapter.AdapterMethod;

/**
 * The adapter of one layer.
 *
 * @param method what it does
 * @param parameters its parameters, by their names in the method
 */
public record AdapterLayer(AdapterMethod method, Map<String, AdapterTensor> parameters) {
    /** Copies the map. */
    public AdapterLayer {
        parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
    }
}
