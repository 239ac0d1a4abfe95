package org.bonepeft.djl.model.roberta;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.HfConfig;
import org.bonepeft.djl.model.HiddenActivation;

/** Reads and writes the {@code config.json} of a RoBERTa; absent keys have the defaults of Hugging Face transformers. */
final class RobertaConfigFile {
    private RobertaConfigFile() {}

    static RobertaConfig read(Path directory) throws IOException {
        HfConfig file = HfConfig.read(directory);
        file.require("model_type", "roberta");
        file.require("position_embedding_type", "absolute");
        file.require("is_decoder", false);
        file.require("add_cross_attention", false);
        file.require("tie_word_embeddings", true);
        file.require("problem_type", "single_label_classification");
        double hiddenDropout = file.number("hidden_dropout_prob", 0.1);
        RobertaConfig.Builder builder = RobertaConfig.builder()
                .setVocabSize(file.count("vocab_size"))
                .setHiddenSize(file.count("hidden_size"))
                .setLayers(file.count("num_hidden_layers"))
                .setHeads(file.count("num_attention_heads"))
                .setIntermediateSize(file.count("intermediate_size"))
                .optActivation(activation(file))
                .optDropout(hiddenDropout, file.number("attention_probs_dropout_prob", 0.1))
                .optClassifierDropout(file.number("classifier_dropout", hiddenDropout))
                .optMaxPositions(file.count("max_position_embeddings"))
                .optTypeVocabSize(file.count("type_vocab_size", 2))
                .optInitializerRange(file.number("initializer_range", 0.02))
                .optLayerNormEps(file.number("layer_norm_eps", 1e-12))
                .optTokenIds(
                        file.index("bos_token_id", 0), file.index("pad_token_id", 1), file.index("eos_token_id", 2))
                .optLabels(file.labels());
        try {
            return builder.build();
        } catch (BoneException e) {
            throw new BoneException(file.file() + ": " + e.getMessage(), e);
        }
    }

    /** Returns {@code config.json} for a model of the class {@code architecture} of Hugging Face transformers. */
    static JsonObject toJson(RobertaConfig config, String architecture) {
        JsonArray architectures = new JsonArray();
        architectures.add(architecture);
        JsonObject byIndex = new JsonObject();
        JsonObject byLabel = new JsonObject();
        for (int i = 0; i < config.labels().size(); i++) {
            byIndex.addProperty(Integer.toString(i), config.labels().get(i));
            byLabel.addProperty(config.labels().get(i), i);
        }
        JsonObject json = new JsonObject();
        json.add("architectures", architectures);
        json.addProperty("attention_probs_dropout_prob", config.attentionDropout());
        json.addProperty("bos_token_id", config.bosTokenId());
        json.addProperty("classifier_dropout", config.classifierDropout());
        json.addProperty("eos_token_id", config.eosTokenId());
        json.addProperty("hidden_act", config.activation().key());
        json.addProperty("hidden_dropout_prob", config.hiddenDropout());
        json.addProperty("hidden_size", config.hiddenSize());
        json.add("id2label", byIndex);
        json.addProperty("initializer_range", config.initializerRange());
        json.addProperty("intermediate_size", config.intermediateSize());
        json.add("label2id", byLabel);
        json.addProperty("layer_norm_eps", config.layerNormEps());
        json.addProperty("max_position_embeddings", config.maxPositions());
        json.addProperty("model_type", "roberta");
        json.addProperty("num_attention_heads", config.heads());
        json.addProperty("num_hidden_layers", config.layers());
        json.addProperty("pad_token_id", config.padTokenId());
        json.addProperty("position_embedding_type", "absolute");
        json.addProperty("type_vocab_size", config.typeVocabSize());
        json.addProperty("vocab_size", config.vocabSize());
        return json;
    }

    private static HiddenActivation activation(HfConfig file) {
        String key = file.text("hidden_act", "gelu");
        return Stream.of(HiddenActivation.values())
                .filter(activation -> activation.key().equals(key))
                .findFirst()
                .orElseThrow(() -> file.unfit(
                        "hidden_act",
                        "one of "
                                + Stream.of(HiddenActivation.values())
                                        .map(HiddenActivation::key)
                                        .toList()));
    }
}
