package org.bonepeft.djl.model.llama;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.HfConfig;

/** Reads and writes {@code config.json}; absent keys have the defaults of Hugging Face transformers. */
final class LlamaConfigFile {
    private static final String ROPE_PARAMETERS = "rope_parameters";
    private static final String ROPE_SCALING = "rope_scaling";
    private static final String ROPE_THETA = "rope_theta";
    private static final String ROPE_TYPE = "rope_type";
    private static final String KEY_VALUE_HEADS = "num_key_value_heads";
    private static final String WINDOW = "sliding_window";
    private static final String SLIDING = "sliding_attention";
    private static final String FULL = "full_attention";

    private LlamaConfigFile() {}

    static LlamaConfig read(Path directory) throws IOException {
        HfConfig file = HfConfig.read(directory);
        LlamaFamily family = family(file);
        file.require("hidden_act", "silu");
        int heads = file.count("num_attention_heads");
        int layers = file.count("num_hidden_layers");
        LlamaConfig.Builder builder = LlamaConfig.builder()
                .optFamily(family)
                .setVocabSize(file.count("vocab_size"))
                .setHiddenSize(file.count("hidden_size"))
                .setIntermediateSize(file.count("intermediate_size"))
                .setLayers(layers)
                .setHeads(heads)
                .optKeyValueHeads(
                        family == LlamaFamily.LLAMA || file.has(KEY_VALUE_HEADS)
                                ? file.count(KEY_VALUE_HEADS, heads)
                                : file.count(KEY_VALUE_HEADS))
                .optMaxPositions(file.count("max_position_embeddings"))
                .optRmsNormEps(file.number("rms_norm_eps", 1e-6))
                .optBias(attentionBias(file, family), mlpBias(file, family))
                .optTied(file.flag("tie_word_embeddings", false))
                .optWindows(windows(file, family, layers))
                .optAttentionDropout(file.number("attention_dropout", 0))
                .optInitializerRange(file.number("initializer_range", 0.02))
                .optTokenIds(file.index("bos_token_id", 1), file.indices("eos_token_id"));
        file.padding("pad_token_id", file.count("vocab_size")).ifPresent(builder::optPadTokenId);
        if (file.has("head_dim")) {
            builder.optHeadSize(file.count("head_dim", 0));
        }
        try {
            return rope(file, builder).build();
        } catch (BoneException e) {
            throw String.valueOf(e.getMessage()).startsWith(file.file().toString())
                    ? e
                    : new BoneException(file.file() + ": " + e.getMessage(), e);
        }
    }

    private static LlamaFamily family(HfConfig file) {
        String type = file.text("model_type", "");
        return Stream.of(LlamaFamily.values())
                .filter(family -> family.key().equals(type))
                .findFirst()
                .orElseThrow(() -> file.unfit(
                        "model_type",
                        "one of "
                                + Stream.of(LlamaFamily.values())
                                        .map(LlamaFamily::key)
                                        .toList()));
    }

    private static boolean attentionBias(HfConfig file, LlamaFamily family) {
        return switch (family) {
            case LLAMA -> file.flag("attention_bias", false);
            case MISTRAL -> without(file, "attention_bias");
            case QWEN2 -> true;
        };
    }

    private static boolean mlpBias(HfConfig file, LlamaFamily family) {
        return family == LlamaFamily.LLAMA ? file.flag("mlp_bias", false) : without(file, "mlp_bias");
    }

    private static boolean without(HfConfig file, String key) {
        file.require(key, false);
        return false;
    }

    private static List<Integer> windows(HfConfig file, LlamaFamily family, int layers) {
        int window =
                switch (family) {
                    case LLAMA -> 0;
                    case MISTRAL -> window(file);
                    case QWEN2 -> file.flag("use_sliding_window", false) ? window(file) : 0;
                };
        int first = family == LlamaFamily.QWEN2 ? file.index("max_window_layers", 28) : 0;
        Optional<List<String>> types = file.texts("layer_types");
        if (types.isPresent()
                && (types.get().size() != layers || !List.of(SLIDING, FULL).containsAll(types.get()))) {
            throw file.unfit("layer_types", FULL + " or " + SLIDING + " for each of the " + layers + " layers");
        }
        List<Integer> windows = new ArrayList<>();
        for (int i = 0; i < layers; i++) {
            boolean slides = types.isPresent() ? types.get().get(i).equals(SLIDING) : i >= first;
            if (slides && types.isPresent() && window == 0) {
                throw file.unfit("layer_types", "only " + FULL + ", because there is no sliding_window in use");
            }
            windows.add(slides ? window : 0);
        }
        return windows;
    }

    private static int window(HfConfig file) {
        return file.has(WINDOW) ? file.count(WINDOW, 0) : 4096;
    }

    private static LlamaConfig.Builder rope(HfConfig file, LlamaConfig.Builder builder) {
        Optional<HfConfig> parameters = file.object(ROPE_PARAMETERS);
        Optional<HfConfig> scaling = file.object(ROPE_SCALING);
        if (parameters.isEmpty() && !file.has(ROPE_THETA) && !file.has(ROPE_SCALING)) {
            throw new BoneException(file.file() + ": the rotary positions are not described; expected " + ROPE_THETA
                    + " (and " + ROPE_SCALING + "), or " + ROPE_PARAMETERS);
        }
        double theta = parameters
                .filter(inner -> inner.has(ROPE_THETA))
                .map(inner -> inner.number(ROPE_THETA))
                .orElseGet(() -> file.number(ROPE_THETA, 10000));
        int longest = file.count("max_position_embeddings");
        RopeScaling how =
                parameters.or(() -> scaling).map(rope -> scaling(rope, longest)).orElse(new RopeScaling.None());
        if (parameters.isPresent()
                && scaling.isPresent()
                && !scaling(scaling.get(), longest).equals(how)) {
            throw file.unfit(ROPE_SCALING, "the same as " + ROPE_PARAMETERS + ", or only one of the two");
        }
        whole(file);
        parameters.ifPresent(LlamaConfigFile::whole);
        return builder.optRope(theta, how);
    }

    /** Checks that heads are turned as a whole. */
    private static void whole(HfConfig rope) {
        if (rope.number("partial_rotary_factor", 1) != 1) {
            throw rope.unfit("partial_rotary_factor", "1");
        }
    }

    private static RopeScaling scaling(HfConfig rope, int maxPositions) {
        String key = rope.has(ROPE_TYPE) ? ROPE_TYPE : "type";
        String type = rope.text(key, "default");
        return switch (type) {
            case "default" -> new RopeScaling.None();
            case "linear" -> new RopeScaling.Linear(rope.number("factor"));
            case "llama3" ->
                new RopeScaling.Llama3(
                        rope.number("factor"),
                        rope.number("low_freq_factor"),
                        rope.number("high_freq_factor"),
                        rope.count("original_max_position_embeddings", maxPositions));
            default -> throw rope.unfit(key, "default, linear or llama3");
        };
    }

    /** Returns {@code config.json}, with both spellings of the rotary positions. */
    static JsonObject toJson(LlamaConfig config, String dtype) {
        JsonObject json = new JsonObject();
        JsonArray architectures = new JsonArray();
        architectures.add(config.family().architecture());
        json.add("architectures", architectures);
        if (config.family() == LlamaFamily.LLAMA) {
            json.addProperty("attention_bias", config.attentionBias());
            json.addProperty("mlp_bias", config.mlpBias());
        }
        json.addProperty("attention_dropout", config.attentionDropout());
        json.addProperty("bos_token_id", config.bosTokenId());
        JsonArray eos = new JsonArray();
        config.eosTokenIds().forEach(eos::add);
        json.add("eos_token_id", eos.size() == 1 ? eos.get(0) : eos);
        json.addProperty("head_dim", config.headSize());
        json.addProperty("hidden_act", "silu");
        json.addProperty("hidden_size", config.hiddenSize());
        json.addProperty("initializer_range", config.initializerRange());
        json.addProperty("intermediate_size", config.intermediateSize());
        json.addProperty("max_position_embeddings", config.maxPositions());
        json.addProperty("model_type", config.family().key());
        json.addProperty("num_attention_heads", config.heads());
        json.addProperty("num_hidden_layers", config.layers());
        json.addProperty(KEY_VALUE_HEADS, config.keyValueHeads());
        config.padTokenId().ifPresent(id -> json.addProperty("pad_token_id", id));
        json.addProperty("rms_norm_eps", config.rmsNormEps());
        JsonObject parameters = ropeJson(config.ropeScaling());
        parameters.addProperty(ROPE_THETA, config.ropeTheta());
        json.add(ROPE_PARAMETERS, parameters);
        if (!(config.ropeScaling() instanceof RopeScaling.None)) {
            json.add(ROPE_SCALING, ropeJson(config.ropeScaling()));
        }
        json.addProperty(ROPE_THETA, config.ropeTheta());
        addWindows(config, json);
        json.addProperty("tie_word_embeddings", config.tied());
        json.addProperty("torch_dtype", dtype);
        json.addProperty("vocab_size", config.vocabSize());
        return json;
    }

    private static JsonObject ropeJson(RopeScaling scaling) {
        JsonObject json = new JsonObject();
        if (scaling instanceof RopeScaling.Linear linear) {
            json.addProperty("factor", linear.factor());
            json.addProperty(ROPE_TYPE, "linear");
        } else if (scaling instanceof RopeScaling.Llama3 llama3) {
            json.addProperty("factor", llama3.factor());
            json.addProperty("high_freq_factor", llama3.high());
            json.addProperty("low_freq_factor", llama3.low());
            json.addProperty("original_max_position_embeddings", llama3.originalPositions());
            json.addProperty(ROPE_TYPE, "llama3");
        } else {
            json.addProperty(ROPE_TYPE, "default");
        }
        return json;
    }

    private static void addWindows(LlamaConfig config, JsonObject json) {
        int window = Collections.max(config.windows());
        if (config.family() == LlamaFamily.LLAMA) {
            return;
        }
        json.addProperty(WINDOW, window == 0 ? null : window);
        if (config.family() == LlamaFamily.QWEN2) {
            json.addProperty("use_sliding_window", window > 0);
            JsonArray types = new JsonArray();
            config.windows().forEach(each -> types.add(each > 0 ? SLIDING : FULL));
            json.add("layer_types", types);
        }
    }
}
