package org.bonepeft.djl.model.rwkv6;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Random;
import org.bonepeft.djl.model.HfWeights;

/** Models of a few thousand parameters. */
final class TinyRwkv6 {
    private TinyRwkv6() {}

    /** A model in which every parameter is drawn, so that every term matters. */
    static Rwkv6ForCausalLm lively(int vocabulary, NDManager manager) {
        Rwkv6ForCausalLm model = new Rwkv6ForCausalLm(Rwkv6Config.of(vocabulary, 32, 2, 8));
        Random random = new Random(5);
        model.tensors().values().forEach(parameter -> parameter.setInitializer(HfWeights.normal(random, 0.3)));
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        return model;
    }
}
