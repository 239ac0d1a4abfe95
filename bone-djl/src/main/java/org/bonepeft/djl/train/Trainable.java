package org.bonepeft.djl.train;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.ModelBlock;

/** A model's parameters by name: Hugging Face's where the model has them, else DJL's. Shared ones come once. */
final class Trainable {
    private Trainable() {}

    /** Returns the parameters that are not frozen, or those that are. */
    static Map<String, NDArray> parameters(Block model, boolean frozen) {
        Map<String, Parameter> named = new LinkedHashMap<>();
        if (model instanceof ModelBlock block) {
            named.putAll(block.tensors());
        }
        model.getParameters().forEach(pair -> named.putIfAbsent(pair.getKey(), pair.getValue()));
        Map<String, NDArray> arrays = new LinkedHashMap<>();
        Set<Parameter> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        named.forEach((name, parameter) -> {
            if (parameter.requiresGradient() != frozen && seen.add(parameter)) {
                arrays.put(name, parameter.getArray());
            }
        });
        return arrays;
    }

    /** Returns the parameters that are not frozen; there must be some. */
    static Map<String, NDArray> of(Block model) {
        Map<String, NDArray> trainable = parameters(model, false);
        if (trainable.isEmpty()) {
            throw new BoneException("the model has no parameter to train: all are frozen; attach an adapter and"
                    + " activate it, or freezeParameters(false)");
        }
        return trainable;
    }
}
