package org.bonepeft.djl.model.roberta;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bonepeft.djl.model.ModelBlock;

/** A model of a few thousand parameters. */
final class Tiny {
    static final RobertaConfig CONFIG = RobertaConfig.builder()
            .setVocabSize(12)
            .setHiddenSize(8)
            .setLayers(2)
            .setHeads(2)
            .setIntermediateSize(12)
            .optMaxPositions(10)
            .optInitializerRange(0.2)
            .build();

    private Tiny() {}

    /** Returns the elements of every parameter. */
    static Map<String, float[]> values(ModelBlock model) {
        Map<String, float[]> values = new LinkedHashMap<>();
        model.tensors()
                .forEach((name, parameter) ->
                        values.put(name, parameter.getArray().toFloatArray()));
        return values;
    }
}
