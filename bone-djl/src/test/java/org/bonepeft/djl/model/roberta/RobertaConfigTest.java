package org.bonepeft.djl.model.roberta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bonepeft.BoneException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RobertaConfigTest {
    private final Path directory;

    RobertaConfigTest(@TempDir Path directory) {
        this.directory = directory;
    }

    private RobertaConfig read(String json) throws IOException {
        Files.writeString(directory.resolve("config.json"), json);
        return RobertaConfig.read(directory);
    }

    private static JsonObject valid() {
        return RobertaConfigFile.toJson(Tiny.CONFIG, "RobertaForMaskedLM");
    }

    @Test
    void read_whatWasWritten_isEqual() throws IOException {
        assertThat(read(valid().toString())).isEqualTo(Tiny.CONFIG);
    }

    @Test
    void read_onlySizes_hasTheDefaultsOfTransformers() throws IOException {
        RobertaConfig config = read("""
                {"model_type": "roberta", "vocab_size": 12, "hidden_size": 8, "num_hidden_layers": 2,
                 "num_attention_heads": 2, "intermediate_size": 12, "max_position_embeddings": 10,
                 "hidden_dropout_prob": 0.3, "classifier_dropout": null, "num_labels": 3, "a_future_key": [1]}""");
        assertThat(config.typeVocabSize()).isEqualTo(2);
        assertThat(config.layerNormEps()).isEqualTo(1e-12);
        assertThat(config.attentionDropout()).isEqualTo(0.1);
        assertThat(config.classifierDropout()).isEqualTo(0.3);
        assertThat(config.padTokenId()).isEqualTo(1);
        assertThat(config.labels()).containsExactly("LABEL_0", "LABEL_1", "LABEL_2");
        assertThat(config.maxTokens()).isEqualTo(8);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "hidden_size             | \"big\"        | an integer from 1 on",
                "hidden_size             | 8.5            | an integer from 1 on",
                "hidden_size             | 0              | an integer from 1 on",
                "vocab_size              | 3000000000     | an integer from 1 on",
                "num_attention_heads     | 3              | hidden_size 8 is not a multiple of num_attention_heads 3",
                "hidden_act              | \"swish\"      | one of [gelu, gelu_new, gelu_pytorch_tanh, relu]",
                "hidden_act              | 1              | a string",
                "position_embedding_type | \"relative_key\" | absolute",
                "is_decoder              | true           | false",
                "is_decoder              | \"no\"         | false",
                "add_cross_attention     | true           | false",
                "tie_word_embeddings     | false          | true",
                "model_type              | \"bert\"       | roberta",
                "problem_type            | \"regression\" | single_label_classification",
                "hidden_dropout_prob     | 1.0            | less than 1",
                "hidden_dropout_prob     | []             | a number",
                "layer_norm_eps          | -1             | must be positive",
                "pad_token_id            | 12             | a token below vocab_size 12",
                "pad_token_id            | -1             | an integer from 0 on",
                "max_position_embeddings | 2              | leaves no position",
                "id2label                | {\"1\": \"a\"} | a string for each of the keys \"0\" to \"0\"",
                "id2label                | {\"0\": 5}     | a string for each of the keys \"0\" to \"0\"",
                "id2label                | {}             | at least one class",
                "id2label                | [\"a\"]        | an object"
            })
    void read_valueThatDoesNotFit_namesFileKeyAndWhatIsExpected(String key, String value, String expected) {
        JsonObject json = valid();
        json.add(key, JsonParser.parseString(value));
        assertThatThrownBy(() -> read(json.toString()))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining(directory.resolve("config.json").toString())
                .hasMessageContaining(key)
                .hasMessageContaining(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "vocab_size",
                "hidden_size",
                "num_hidden_layers",
                "num_attention_heads",
                "intermediate_size",
                "max_position_embeddings"
            })
    void read_sizeMissing_namesIt(String key) {
        JsonObject json = valid();
        json.remove(key);
        assertThatThrownBy(() -> read(json.toString()))
                .isInstanceOf(BoneException.class)
                .hasMessage(directory.resolve("config.json") + ": " + key + " is missing");
    }

    @Test
    void read_noFile_saysWhatADirectoryMustHave() {
        assertThatThrownBy(() -> RobertaConfig.read(directory))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("no config.json in " + directory);
    }

    @Test
    void read_notJson_namesTheFile() {
        assertThatThrownBy(() -> read("{\"vocab_size\": "))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("config.json");
    }

    @Test
    void withLabels_oneClass_isRefusedByTheClassifier() {
        RobertaConfig config = Tiny.CONFIG.withLabels(List.of("score"));
        assertThatThrownBy(() -> new RobertaForSequenceClassification(config))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("regression");
    }
}
