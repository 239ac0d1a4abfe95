package org.bonepeft.djl;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** A DJL model with adapters in it. The block is the user's own, changed in place. */
public final class AdaptedModel {
    private final Block block;
    private final AdapterConfig config;
    private final Map<String, AdaptedLinear> layers;

    AdaptedModel(Block block, AdapterConfig config, Map<String, AdaptedLinear> layers) {
        this.block = block;
        this.config = config;
        this.layers = Collections.unmodifiableMap(layers);
    }

    /** Returns the model. */
    public Block block() {
        return block;
    }

    /** Returns how the adapter was put in. */
    public AdapterConfig config() {
        return config;
    }

    /** Returns the adapted layers by path. */
    public Map<String, AdaptedLinear> layers() {
        return layers;
    }

    /** Returns the parameters that training changes, by DJL's names. */
    public Map<String, Parameter> trainableParameters() {
        Map<String, Parameter> trainable = new LinkedHashMap<>();
        block.getParameters().forEach(pair -> {
            if (pair.getValue().requiresGradient()) {
                trainable.put(pair.getKey(), pair.getValue());
            }
        });
        return trainable;
    }

    /** Returns the number of elements that training changes. */
    public long trainableCount() {
        return trainableParameters().values().stream()
                .mapToLong(parameter -> parameter.getArray().size())
                .sum();
    }

    /** Returns the number of elements of all parameters, adapters included. */
    public long totalCount() {
        return block.getParameters().values().stream()
                .mapToLong(parameter -> parameter.getArray().size())
                .sum();
    }
}
