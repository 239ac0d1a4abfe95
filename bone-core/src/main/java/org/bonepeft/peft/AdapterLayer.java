package org.bonepeft.peft;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.tensor.Shape;

/**
 * The adapter of one layer.
 *
 * @param method what it does
 * @param parameters its parameters, by their names in the method
 * @param bias PEFT's {@code lora_B.bias} [out], which exists with {@code lora_bias} only: times the scale of the LoRA, it
 *     is added to the layer's result
 */
public record AdapterLayer(AdapterMethod method, Map<String, AdapterTensor> parameters, Optional<AdapterTensor> bias) {
    /** Copies the map. */
    public AdapterLayer {
        parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
    }

    /** Creates an adapter without a bias of its own. */
    public AdapterLayer(AdapterMethod method, Map<String, AdapterTensor> parameters) {
        this(method, parameters, Optional.empty());
    }

    /** Returns the shapes of the parameters, by name. */
    Map<String, Shape> shapes() {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        parameters.forEach((name, tensor) -> shapes.put(name, tensor.shape()));
        return shapes;
    }
}
