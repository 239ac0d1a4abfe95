package org.bonepeft.peft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Dora;
import org.bonepeft.adapter.Grouping;
import org.bonepeft.adapter.Lora;
import org.bonepeft.adapter.MissMini;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PeftConfigTest {
    @TempDir
    Path directory;

    private PeftConfig read(String json) throws IOException {
        Path file = directory.resolve("adapter_config.json");
        Files.writeString(file, json);
        return PeftConfig.read(file);
    }

    @Test
    void miss_hasThreeModes() throws IOException {
        String miss = "{'peft_type': 'MISS', 'r': 8, 'mini_r': 4, 'miss_dropout': 0.5, 'init_weights': %s}"
                .replace('\'', '"');
        assertThat(read(miss.formatted("true")).method()).isEqualTo(new Bone(8, Grouping.COL, 0.5, false));
        assertThat(read(miss.formatted("false")).method()).isEqualTo(new Bone(8, Grouping.COL, 0.5, true));
        assertThat(read(miss.formatted("\"bat\"")).method()).isEqualTo(new Bat(8));
        assertThat(read(miss.formatted("\"mini\"")).method()).isEqualTo(new MissMini(8, 4, 0.5));
    }

    @Test
    void lora_rankAndAlphaOfALayer_areThoseOfTheFirstPattern() throws IOException {
        PeftConfig config = read("""
                {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "use_rslora": true, "use_dora": true,
                 "rank_pattern": {"layers.1.q": 4, "q": 2, "(?P<kind>k|v)": 1},
                 "alpha_pattern": {"^model.layers.0.q": 0.5}}""");
        assertThat(config.method("model.layers.1.q")).isEqualTo(new Dora(new Lora(4, 16, true, 0)));
        assertThat(config.method("model.layers.0.q")).isEqualTo(new Dora(new Lora(2, 0.5, true, 0)));
        assertThat(config.method("model.layers.0.v")).isEqualTo(new Dora(new Lora(1, 16, true, 0)));
        assertThat(config.method("model.layers.0.seq")).isEqualTo(new Dora(new Lora(8, 16, true, 0)));
    }

    @Test
    void targets_areThoseOfPeft() throws IOException {
        List<String> paths =
                List.of("model.layers.0.q", "model.layers.0.k", "model.layers.1.q", "model.layers.1.k", "lm_head");
        assertThat(select(paths, "'target_modules': ['q', 'layers.1.k']"))
                .containsExactly("model.layers.0.q", "model.layers.1.q", "model.layers.1.k");
        assertThat(select(paths, "'target_modules': '.*1[.](?P<x>q|k)'"))
                .containsExactly("model.layers.1.q", "model.layers.1.k");
        assertThat(select(paths, "'target_modules': 'ALL-linear'")).hasSize(4).doesNotContain("lm_head");
        assertThat(select(paths, "'target_modules': ['q', 'k'], 'exclude_modules': ['layers.0.q']"))
                .hasSize(3)
                .doesNotContain("model.layers.0.q");
        assertThat(select(paths, "'target_modules': ['q', 'k'], 'exclude_modules': '.*0.*'"))
                .containsExactly("model.layers.1.q", "model.layers.1.k");
        assertThat(select(paths, "'target_modules': ['q', 'k'], 'layers_to_transform': 1, 'layers_pattern': 'layers'"))
                .containsExactly("model.layers.1.q", "model.layers.1.k");
        assertThat(select(paths, "'target_modules': ['q'], 'layers_to_transform': [0], 'layers_pattern': null"))
                .containsExactly("model.layers.0.q");
    }

    private List<String> select(List<String> paths, String keys) throws IOException {
        String json = "{\"peft_type\": \"MISS\", \"r\": 8, " + keys.replace('\'', '"') + "}";
        return read(json).targets().select(paths);
    }

    @Test
    void unknownKeys_surviveARoundTrip() throws IOException {
        PeftConfig config =
                read("{\"peft_type\": \"BONE\", \"r\": 8, \"future\": {\"a\": [1, 2.5, null]}, \"task_type\": \"X\"}");
        assertThat(read(config.toJson())).isEqualTo(config);
        assertThat(config.with("base_model_name_or_path", "here").toJson())
                .contains("\"future\": {\n    \"a\": [\n      1,\n      2.5,\n      null\n    ]\n  }");
        assertThat(config.taskType()).isEqualTo(Optional.of("X"));
    }

    @Test
    void unknownKeys_areWarnedOf() throws IOException {
        PrintStream err = System.err;
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
        try {
            read("{\"peft_type\": \"BONE\", \"r\": 8, \"future\": 1}");
        } finally {
            System.setErr(err);
        }
        assertThat(log.toString(StandardCharsets.UTF_8)).contains("unknown keys [future] are kept but not understood");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    {}                                                             | peft_type is null; bone reads BONE, MISS, LORA
                    {'peft_type': 'VERA'}                                          | peft_type is "VERA"; bone reads BONE, MISS, LORA
                    {'peft_type': 'MISS'}                                          | r is null; expected an integer from 1 on
                    {'peft_type': 'MISS', 'r': 0}                                  | r is 0; expected an integer from 1 on
                    {'peft_type': 'MISS', 'r': 1e3}                                | r is 1000.0; expected an integer
                    {'peft_type': 'BONE', 'r': 8, 'init_weights': 'mini'}          | init_weights is "mini"; expected true, false
                    {'peft_type': 'LORA', 'r': 8, 'lora_alpha': 'x'}               | lora_alpha is "x"; expected a number
                    {'peft_type': 'LORA', 'r': 8, 'lora_alpha': 1, 'rank_pattern': {'(': 1}} | the pattern '(' is no regular expression
                    {'peft_type': 'LORA', 'r': 8, 'lora_alpha': 1, 'rank_pattern': [1]}      | rank_pattern is [
                    {'peft_type': 'MISS', 'r': 8, 'target_modules': 7}             | target_modules is 7; expected a list of strings
                    {'peft_type': 'MISS', 'r': 8, 'target_modules': []}            | no target modules given
                    {'peft_type': 'MISS', 'r': 8, 'target_modules': '('}           | the pattern '(' is no regular expression
                    {'peft_type': 'MISS', 'r': 8, 'target_modules': ['q'], 'layers_to_transform': ['a']} | layers_to_transform is [
                    {'peft_type': 'MISS', 'r': 8, 'modules_to_save': 'lm_head'}    | modules_to_save is "lm_head"; expected a list
                    {'peft_type': 'BONEPEFT', 'format_version': 1}                 | method is null; expected an object
                    {'peft_type': 'BONEPEFT', 'format_version': 2, 'method': {'kind': 'unconstrained', 'rank': 2}} | format_version is 2; expected 1; a later bone
                    {'peft_type': 'BONEPEFT', 'format_version': 1, 'method': {'kind': 'vera'}}     | a kind that is one of [bone,
                    {'peft_type': 'BONEPEFT', 'format_version': 1, 'method': {'kind': 'hadamard', 'rank': 2}}  | kind and exactly [int rank, Grouping grouping]
                    {'peft_type': 'BONEPEFT', 'format_version': 1, 'method': {'kind': 'unconstrained', 'rank': 0}} | rank must be at least 1
                    """)
    void wrongValues_areNamed(String json, String message) {
        assertThatThrownBy(() -> read(json.replace('\'', '"')))
                .isInstanceOf(PeftException.class)
                .hasMessageContaining("adapter_config.json: ")
                .hasMessageContaining(message);
    }

    /** What is written today must be read for ever; docs/FORMAT.md shows it. */
    @Test
    void ownFormat_isThatOfTheDocument() throws IOException {
        PeftConfig config = PeftConfig.of(new Bat(8, Grouping.ROW), Targets.of("q_proj"));
        Path document = Path.of(System.getProperty("bone.root", "."), "docs", "FORMAT.md");
        assertThat(document).content().contains("```json\n" + config.toJson() + "\n```");
        assertThat(read(config.toJson())).isEqualTo(config);
    }
}
