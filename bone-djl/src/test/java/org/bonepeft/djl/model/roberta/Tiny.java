package org.bonepeft.djl.model.roberta;

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
}
