package org.bonepeft.djl.model.llama;

/** Models of a few thousand parameters. */
final class TinyLlama {
    static final LlamaConfig CONFIG = builder().build();

    private TinyLlama() {}

    static LlamaConfig.Builder builder() {
        return LlamaConfig.builder()
                .setVocabSize(19)
                .setHiddenSize(16)
                .setIntermediateSize(24)
                .setLayers(2)
                .setHeads(4)
                .optKeyValueHeads(2)
                .optMaxPositions(64)
                .optInitializerRange(0.3);
    }
}
