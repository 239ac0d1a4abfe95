package org.bonepeft.examples.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.bonepeft.BoneException;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.djl.model.llama.LlamaConfig;
import org.bonepeft.djl.model.llama.LlamaForCausalLm;
import org.bonepeft.djl.model.rwkv6.Rwkv6Config;
import org.bonepeft.djl.model.rwkv6.Rwkv6ForCausalLm;
import org.junit.jupiter.api.Test;

class AttentionWeightsTest {
    private static final Sequences SHORT = new Sequences(8 * 128, 128);
    private static final double MATRICES = 4.0 * 8 * (4 * 128 * 128);

    /** Four heads. */
    private static ModelBlock llama(int headSize, double dropout) {
        return new LlamaForCausalLm(LlamaConfig.builder()
                .setVocabSize(100)
                .setHiddenSize(4 * headSize)
                .setIntermediateSize(100)
                .setLayers(2)
                .setHeads(4)
                .optAttentionDropout(dropout)
                .build());
    }

    @Test
    void shortSequencesWithSmallHeads_keepThem() {
        assertThat(AttentionWeights.of(llama(32, 0), SHORT, Float.BYTES))
                .isEqualTo(new AttentionWeights(MATRICES, 2 * MATRICES, false));
    }

    @Test
    void othersKeepTheOutput() {
        AttentionWeights fused = new AttentionWeights(0, 0, true);
        assertThat(AttentionWeights.of(llama(34, 0), SHORT, Float.BYTES)).isEqualTo(fused);
        assertThat(AttentionWeights.of(llama(32, 0), SHORT, Short.BYTES)).isEqualTo(fused);
        assertThat(AttentionWeights.of(llama(32, 0), new Sequences(8 * 129, 129), Float.BYTES))
                .isEqualTo(fused);
    }

    @Test
    void droppedWeights_areKeptWithTheirMask() {
        AttentionWeights dropped = new AttentionWeights(3 * MATRICES, MATRICES, false);
        assertThat(AttentionWeights.of(llama(32, 0.1), SHORT, Float.BYTES)).isEqualTo(dropped);
        assertThat(AttentionWeights.of(llama(64, 0.1), SHORT, Short.BYTES)).isEqualTo(dropped);
    }

    @Test
    void rwkv_hasNone() {
        assertThat(AttentionWeights.of(new Rwkv6ForCausalLm(Rwkv6Config.of(100, 64, 2, 16)), SHORT, Float.BYTES))
                .isEqualTo(new AttentionWeights(0, 0, false));
    }

    @Test
    void sequencesThatAreNone_areRefused() {
        assertThatThrownBy(() -> new Sequences(10, 11))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("10 tokens in sequences of 11");
    }
}
