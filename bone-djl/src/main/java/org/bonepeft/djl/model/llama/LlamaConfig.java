package org.bonepeft.djl.model.llama;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import org.bonepeft.BoneException;

/**
 * Everything {@code config.json} says about a model of this form. The components are called by what they are; each error
 * names the key of the file.
 *
 * @param family {@code model_type}
 * @param vocabSize {@code vocab_size}
 * @param hiddenSize {@code hidden_size}
 * @param intermediateSize {@code intermediate_size}
 * @param layers {@code num_hidden_layers}
 * @param heads {@code num_attention_heads}: heads of queries
 * @param keyValueHeads {@code num_key_value_heads}, divides the heads; each serves as many consecutive heads of queries
 * @param headSize {@code head_dim}, even; in the file by default hidden size / heads
 * @param maxPositions {@code max_position_embeddings}: the longest sequence
 * @param ropeTheta {@code rope_theta}, the base of the rotary frequencies
 * @param ropeScaling {@code rope_scaling}, or the same keys in {@code rope_parameters}
 * @param rmsNormEps {@code rms_norm_eps}
 * @param attentionBias {@code attention_bias}: whether q, k and v have a bias, and in LLaMA o too; always in Qwen2
 * @param mlpBias {@code mlp_bias}
 * @param tied {@code tie_word_embeddings}: whether the word embedding is the last linear too
 * @param windows by layer, how many tokens a query sees, itself included, or 0 for all
 * @param attentionDropout {@code attention_dropout}
 * @param initializerRange {@code initializer_range}, the standard deviation of fresh weights
 * @param bosTokenId {@code bos_token_id}, starts a sequence
 * @param eosTokenIds {@code eos_token_id}, each ends a sequence
 * @param padTokenId {@code pad_token_id}, whose word embedding is not trained; empty if there is none
 */
public record LlamaConfig(
        LlamaFamily family,
        int vocabSize,
        int hiddenSize,
        int intermediateSize,
        int layers,
        int heads,
        int keyValueHeads,
        int headSize,
        int maxPositions,
        double ropeTheta,
        RopeScaling ropeScaling,
        double rmsNormEps,
        boolean attentionBias,
        boolean mlpBias,
        boolean tied,
        List<Integer> windows,
        double attentionDropout,
        double initializerRange,
        int bosTokenId,
        List<Integer> eosTokenIds,
        OptionalInt padTokenId) {

    /**
     * Checks that the sizes fit together.
     *
     * @throws BoneException naming the key that does not fit
     */
    public LlamaConfig {
        windows = List.copyOf(windows);
        eosTokenIds = List.copyOf(eosTokenIds);
        atLeastOne("vocab_size", vocabSize);
        atLeastOne("hidden_size", hiddenSize);
        atLeastOne("intermediate_size", intermediateSize);
        atLeastOne("num_hidden_layers", layers);
        atLeastOne("num_attention_heads", heads);
        atLeastOne("num_key_value_heads", keyValueHeads);
        atLeastOne("max_position_embeddings", maxPositions);
        check(heads % keyValueHeads == 0, "num_key_value_heads", keyValueHeads, "a divisor of the " + heads + " heads");
        check(headSize > 0 && headSize % 2 == 0, "head_dim", headSize, "an even number");
        check(ropeTheta > 0 && Double.isFinite(ropeTheta), "rope_theta", ropeTheta, "a positive number");
        check(rmsNormEps > 0 && rmsNormEps < 1, "rms_norm_eps", rmsNormEps, "a small positive number");
        check(attentionDropout >= 0 && attentionDropout < 1, "attention_dropout", attentionDropout, "0 to below 1");
        check(initializerRange > 0, "initializer_range", initializerRange, "a positive number");
        check(
                windows.size() == layers && windows.stream().allMatch(window -> window >= 0),
                "sliding_window",
                windows,
                "0 or more for each of the " + layers + " layers");
        check(
                switch (family) {
                    case LLAMA -> Collections.max(windows) == 0;
                    case MISTRAL -> Collections.min(windows).equals(Collections.max(windows));
                    case QWEN2 ->
                        windows.stream().filter(window -> window > 0).distinct().count() <= 1;
                },
                "sliding_window",
                windows,
                "what " + family.key() + " has: LLaMA none, Mistral one for all layers, Qwen2 one for some");
        check(
                family == LlamaFamily.LLAMA || (!mlpBias && attentionBias == (family == LlamaFamily.QWEN2)),
                "attention_bias",
                attentionBias,
                "what " + family.key() + " has: Mistral no bias at all, Qwen2 on q, k and v");
        check(bosTokenId >= 0 && bosTokenId < vocabSize, "bos_token_id", bosTokenId, "a token below " + vocabSize);
        for (int eos : eosTokenIds) {
            check(eos >= 0 && eos < vocabSize, "eos_token_id", eos, "tokens below " + vocabSize);
        }
        int pad = padTokenId.orElse(0);
        check(pad >= 0 && pad < vocabSize, "pad_token_id", pad, "a token below " + vocabSize);
    }

    /**
     * Reads {@code directory/config.json}.
     *
     * @throws BoneException naming the file and the key that is missing, has the wrong type or is not supported
     * @throws IOException if the file cannot be read
     */
    public static LlamaConfig read(Path directory) throws IOException {
        return LlamaConfigFile.read(directory);
    }

    /** Returns whether the projection back from the heads has a bias. */
    boolean outputBias() {
        return attentionBias && family == LlamaFamily.LLAMA;
    }

    private static void atLeastOne(String key, int value) {
        check(value >= 1, key, value, "1 or more");
    }

    private static void check(boolean holds, String key, Object value, String expected) {
        if (!holds) {
            throw new BoneException(key + " is " + value + ", expected " + expected);
        }
    }

    /** Returns a builder; what is not set is as in LLaMA 2. */
    public static Builder builder() {
        return new Builder();
    }

    /** Builds a {@link LlamaConfig}. */
    public static final class Builder {
        private LlamaFamily family = LlamaFamily.LLAMA;
        private int vocabSize;
        private int hiddenSize;
        private int intermediateSize;
        private int layers;
        private int heads;
        private int keyValueHeads;
        private int headSize;
        private int maxPositions = 2048;
        private double ropeTheta = 10000;
        private RopeScaling ropeScaling = new RopeScaling.None();
        private double rmsNormEps = 1e-6;
        private boolean attentionBias;
        private boolean mlpBias;
        private boolean tied;
        private List<Integer> windows = List.of();
        private double attentionDropout;
        private double initializerRange = 0.02;
        private int bosTokenId = 1;
        private List<Integer> eosTokenIds = List.of(2);
        private OptionalInt padTokenId = OptionalInt.empty();

        private Builder() {}

        /** Sets the family; LLaMA if not called. */
        public Builder optFamily(LlamaFamily which) {
            family = which;
            return this;
        }

        /** Sets the number of tokens the tokenizer knows. */
        public Builder setVocabSize(int size) {
            vocabSize = size;
            return this;
        }

        /** Sets the length of a hidden state. */
        public Builder setHiddenSize(int size) {
            hiddenSize = size;
            return this;
        }

        /** Sets the width inside the feed-forward part. */
        public Builder setIntermediateSize(int size) {
            intermediateSize = size;
            return this;
        }

        /** Sets the number of layers. */
        public Builder setLayers(int number) {
            layers = number;
            return this;
        }

        /** Sets the number of heads of queries. */
        public Builder setHeads(int number) {
            heads = number;
            return this;
        }

        /** Sets the number of heads of keys and values; as many as those of queries if not called. */
        public Builder optKeyValueHeads(int number) {
            keyValueHeads = number;
            return this;
        }

        /** Sets the length of a head; hidden size / heads if not called. */
        public Builder optHeadSize(int size) {
            headSize = size;
            return this;
        }

        /** Sets the length of the longest sequence. */
        public Builder optMaxPositions(int number) {
            maxPositions = number;
            return this;
        }

        /** Sets the base of the rotary frequencies and how they are scaled. */
        public Builder optRope(double theta, RopeScaling scaling) {
            ropeTheta = theta;
            ropeScaling = scaling;
            return this;
        }

        /** Sets what is added to the mean square in a norm. */
        public Builder optRmsNormEps(double eps) {
            rmsNormEps = eps;
            return this;
        }

        /** Sets whether the linears of attention and of the feed-forward part have biases. */
        public Builder optBias(boolean attention, boolean mlp) {
            attentionBias = attention;
            mlpBias = mlp;
            return this;
        }

        /** Sets whether the word embedding is the last linear too. */
        public Builder optTied(boolean whether) {
            tied = whether;
            return this;
        }

        /** Sets for each layer how many tokens a query sees, 0 for all. */
        public Builder optWindows(List<Integer> tokens) {
            windows = tokens;
            return this;
        }

        /** Sets the dropout of attention weights. */
        public Builder optAttentionDropout(double share) {
            attentionDropout = share;
            return this;
        }

        /** Sets the standard deviation of fresh weights. */
        public Builder optInitializerRange(double deviation) {
            initializerRange = deviation;
            return this;
        }

        /** Sets the ids of the tokens that start a sequence and end it. */
        public Builder optTokenIds(int bos, List<Integer> eos) {
            bosTokenId = bos;
            eosTokenIds = eos;
            return this;
        }

        /** Sets the id of the token that fills up sequences, whose word embedding is not trained; none if not called. */
        public Builder optPadTokenId(int id) {
            padTokenId = OptionalInt.of(id);
            return this;
        }

        /**
         * Returns the configuration.
         *
         * @throws BoneException naming the key that does not fit
         */
        public LlamaConfig build() {
            if (headSize == 0 && heads > 0) {
                check(hiddenSize % heads == 0, "hidden_size", hiddenSize, "a multiple of the " + heads + " heads");
            }
            return new LlamaConfig(
                    family,
                    vocabSize,
                    hiddenSize,
                    intermediateSize,
                    layers,
                    heads,
                    keyValueHeads == 0 ? heads : keyValueHeads,
                    headSize == 0 && heads > 0 ? hiddenSize / heads : headSize,
                    maxPositions,
                    ropeTheta,
                    ropeScaling,
                    rmsNormEps,
                    attentionBias || family == LlamaFamily.QWEN2,
                    mlpBias,
                    tied,
                    windows.isEmpty() ? Collections.nCopies(Math.max(0, layers), 0) : windows,
                    attentionDropout,
                    initializerRange,
                    bosTokenId,
                    eosTokenIds,
                    padTokenId);
        }
    }
}
