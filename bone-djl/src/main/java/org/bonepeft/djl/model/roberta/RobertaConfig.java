package org.bonepeft.djl.model.roberta;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.HiddenActivation;

/**
 * Everything {@code config.json} says about a RoBERTa. The components are called by what they are; each error names the
 * key of the file.
 *
 * @param vocabSize {@code vocab_size}
 * @param hiddenSize {@code hidden_size}
 * @param layers {@code num_hidden_layers}
 * @param heads {@code num_attention_heads}, divides the hidden size
 * @param intermediateSize {@code intermediate_size}
 * @param activation {@code hidden_act}
 * @param hiddenDropout {@code hidden_dropout_prob}
 * @param attentionDropout {@code attention_probs_dropout_prob}
 * @param classifierDropout {@code classifier_dropout}, in the file by default the hidden dropout
 * @param maxPositions {@code max_position_embeddings}, of which {@code padTokenId + 1} are never used by a token
 * @param typeVocabSize {@code type_vocab_size}
 * @param initializerRange {@code initializer_range}, the standard deviation of fresh weights
 * @param layerNormEps {@code layer_norm_eps}
 * @param bosTokenId {@code bos_token_id}, starts a sequence
 * @param padTokenId {@code pad_token_id}
 * @param eosTokenId {@code eos_token_id}, ends a sequence
 * @param labels the classes, {@code id2label}; a masked-LM model has no use for them
 */
public record RobertaConfig(
        int vocabSize,
        int hiddenSize,
        int layers,
        int heads,
        int intermediateSize,
        HiddenActivation activation,
        double hiddenDropout,
        double attentionDropout,
        double classifierDropout,
        int maxPositions,
        int typeVocabSize,
        double initializerRange,
        double layerNormEps,
        int bosTokenId,
        int padTokenId,
        int eosTokenId,
        List<String> labels) {

    /**
     * Checks that the sizes fit together.
     *
     * @throws BoneException naming the key that does not fit
     */
    public RobertaConfig {
        labels = List.copyOf(labels);
        atLeastOne("vocab_size", vocabSize);
        atLeastOne("hidden_size", hiddenSize);
        atLeastOne("num_hidden_layers", layers);
        atLeastOne("num_attention_heads", heads);
        atLeastOne("intermediate_size", intermediateSize);
        atLeastOne("type_vocab_size", typeVocabSize);
        if (hiddenSize % heads != 0) {
            throw new BoneException("hidden_size " + hiddenSize + " is not a multiple of num_attention_heads " + heads);
        }
        share("hidden_dropout_prob", hiddenDropout);
        share("attention_probs_dropout_prob", attentionDropout);
        share("classifier_dropout", classifierDropout);
        token("bos_token_id", bosTokenId, vocabSize);
        token("pad_token_id", padTokenId, vocabSize);
        token("eos_token_id", eosTokenId, vocabSize);
        if (maxPositions - padTokenId < 2) {
            throw new BoneException("max_position_embeddings " + maxPositions + " leaves no position for a token after"
                    + " pad_token_id " + padTokenId);
        }
        if (!(initializerRange > 0) || !(layerNormEps > 0)) {
            throw new BoneException("initializer_range " + initializerRange + " and layer_norm_eps " + layerNormEps
                    + " must be positive");
        }
        if (labels.isEmpty() || new HashSet<>(labels).size() < labels.size()) {
            throw new BoneException("id2label " + labels + " must name at least one class, each once");
        }
    }

    /**
     * Reads {@code directory/config.json}.
     *
     * @throws BoneException naming the file and the key that is missing, has the wrong type or is not supported
     * @throws IOException if the file cannot be read
     */
    public static RobertaConfig read(Path directory) throws IOException {
        return RobertaConfigFile.read(directory);
    }

    /** Returns how many tokens a sequence may have: {@code maxPositions - padTokenId - 1}. */
    public int maxTokens() {
        return maxPositions - padTokenId - 1;
    }

    /** Returns this configuration with other classes. */
    public RobertaConfig withLabels(List<String> classes) {
        return new RobertaConfig(
                vocabSize,
                hiddenSize,
                layers,
                heads,
                intermediateSize,
                activation,
                hiddenDropout,
                attentionDropout,
                classifierDropout,
                maxPositions,
                typeVocabSize,
                initializerRange,
                layerNormEps,
                bosTokenId,
                padTokenId,
                eosTokenId,
                classes);
    }

    private static void atLeastOne(String key, int value) {
        if (value < 1) {
            throw new BoneException(key + " is " + value + ", expected 1 or more");
        }
    }

    private static void share(String key, double value) {
        if (!(value >= 0 && value < 1)) {
            throw new BoneException(key + " is " + value + ", expected at least 0 and less than 1");
        }
    }

    private static void token(String key, int value, int vocabSize) {
        if (value < 0 || value >= vocabSize) {
            throw new BoneException(key + " is " + value + ", expected a token below vocab_size " + vocabSize);
        }
    }

    /** Returns a builder; what is not set is as in roberta-base. */
    public static Builder builder() {
        return new Builder();
    }

    /** Builds a {@link RobertaConfig}. */
    public static final class Builder {
        private int vocabSize;
        private int hiddenSize;
        private int layers;
        private int heads;
        private int intermediateSize;
        private HiddenActivation activation = HiddenActivation.GELU;
        private double hiddenDropout = 0.1;
        private double attentionDropout = 0.1;
        private double classifierDropout = 0.1;
        private int maxPositions = 514;
        private int typeVocabSize = 1;
        private double initializerRange = 0.02;
        private double layerNormEps = 1e-5;
        private int bosTokenId = 0;
        private int padTokenId = 1;
        private int eosTokenId = 2;
        private List<String> labels = List.of("LABEL_0", "LABEL_1");

        private Builder() {}

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

        /** Sets the number of layers. */
        public Builder setLayers(int number) {
            layers = number;
            return this;
        }

        /** Sets the number of attention heads per layer. */
        public Builder setHeads(int number) {
            heads = number;
            return this;
        }

        /** Sets the width between the two linears of the feed-forward part. */
        public Builder setIntermediateSize(int size) {
            intermediateSize = size;
            return this;
        }

        /** Sets the function between those two. */
        public Builder optActivation(HiddenActivation function) {
            activation = function;
            return this;
        }

        /** Sets the dropout of hidden states and of attention weights; the classifier's becomes that of hidden states. */
        public Builder optDropout(double hidden, double attention) {
            hiddenDropout = hidden;
            attentionDropout = attention;
            classifierDropout = hidden;
            return this;
        }

        /** Sets the dropout in the classification head. */
        public Builder optClassifierDropout(double share) {
            classifierDropout = share;
            return this;
        }

        /** Sets the number of position embeddings: two more than the longest sequence if padding has the id 1. */
        public Builder optMaxPositions(int number) {
            maxPositions = number;
            return this;
        }

        /** Sets the number of token types. */
        public Builder optTypeVocabSize(int size) {
            typeVocabSize = size;
            return this;
        }

        /** Sets the standard deviation of fresh weights. */
        public Builder optInitializerRange(double deviation) {
            initializerRange = deviation;
            return this;
        }

        /** Sets what is added to the variance in a layer norm. */
        public Builder optLayerNormEps(double eps) {
            layerNormEps = eps;
            return this;
        }

        /** Sets the ids of the tokens that start a sequence, pad it and end it. */
        public Builder optTokenIds(int bos, int pad, int eos) {
            bosTokenId = bos;
            padTokenId = pad;
            eosTokenId = eos;
            return this;
        }

        /** Sets the classes. */
        public Builder optLabels(List<String> classes) {
            labels = classes;
            return this;
        }

        /**
         * Returns the configuration.
         *
         * @throws BoneException naming the key that does not fit
         */
        public RobertaConfig build() {
            return new RobertaConfig(
                    vocabSize,
                    hiddenSize,
                    layers,
                    heads,
                    intermediateSize,
                    activation,
                    hiddenDropout,
                    attentionDropout,
                    classifierDropout,
                    maxPositions,
                    typeVocabSize,
                    initializerRange,
                    layerNormEps,
                    bosTokenId,
                    padTokenId,
                    eosTokenId,
                    labels);
        }
    }
}
