package org.bonepeft.examples.plan;

import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.djl.model.llama.LlamaForCausalLm;
import org.bonepeft.djl.model.roberta.RobertaForSequenceClassification;

/**
 * What attention does with its weights, the softmax of the scores, in one layer: a matrix [length, length] for each head
 * and sequence, in float32. The fused kernel never has them whole. They are there where our models do without it, for
 * short sequences with small heads in float32, and, on the CPU, wherever weights are dropped, which the kernel cannot:
 * then the mask and the weights that it leaves are kept beside them.
 *
 * @param kept bytes kept for the backward pass
 * @param backward bytes that the backward pass needs beside them
 * @param output whether attention keeps its output, as the fused kernel does
 */
record AttentionWeights(double kept, double backward, boolean output) {
    /** As in {@code model/llama/attention.py} and {@code model/roberta/layer.py} of bone-djl. */
    private static final int SHORT = 128;

    private static final int SMALL_HEAD = 32;

    /** Returns those of a batch without padding, with which LLaMA's short sequences go to the fused kernel too. */
    static AttentionWeights of(ModelBlock model, Sequences sequences, int elementBytes) {
        if (model instanceof LlamaForCausalLm llama) {
            return of(
                    llama.config().heads(),
                    llama.config().headSize(),
                    llama.config().attentionDropout(),
                    sequences,
                    elementBytes);
        }
        if (model instanceof RobertaForSequenceClassification roberta) {
            int heads = roberta.config().heads();
            int size = roberta.config().hiddenSize() / heads;
            return of(heads, size, roberta.config().attentionDropout(), sequences, elementBytes);
        }
        return new AttentionWeights(0, 0, false);
    }

    private static AttentionWeights of(int heads, int headSize, double dropout, Sequences sequences, int elementBytes) {
        double matrices = (double) heads * sequences.tokens() * sequences.length() * Float.BYTES;
        if (dropout > 0) {
            return new AttentionWeights(3 * matrices, matrices, false);
        }
        boolean unfused = sequences.length() <= SHORT && headSize <= SMALL_HEAD && elementBytes == Float.BYTES;
        // Backward the gradients of the weights and of the scores are there beside the weights.
        return unfused ? new AttentionWeights(matrices, 2 * matrices, false) : new AttentionWeights(0, 0, true);
    }
}
