package org.bonepeft.peft;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Dora;
import org.bonepeft.adapter.Lora;

/** Keys of {@code adapter_model.safetensors}: {@code base_model.model.<path>.<parameter as PEFT calls it>}. */
final class PeftKeys {
    static final String PREFIX = "base_model.model.";

    /** Our name of {@link AdapterLayer#bias}, which is no parameter of a method. */
    static final String LORA_BIAS = "lora_B.bias";

    private static final String BASE_LAYER = ".base_layer";
    private static final String BIAS = ".bias";

    /** Weights and biases of the base that PEFT saves with adapters: of adapted layers, and of the embeddings. */
    private static final Pattern BASE = Pattern.compile(
            "(?<layer>.+)\\.base_layer\\.(?<tensor>weight|bias)" + "|(.+\\.)?(embed_tokens|lm_head)\\.(weight|bias)");

    /** Our names of parameters by the ends of PEFT's keys. */
    private static final Map<String, String> LORA = Map.of(
            "lora_A.weight",
            Lora.A,
            "lora_B.weight",
            Lora.B,
            LORA_BIAS,
            LORA_BIAS,
            "lora_magnitude_vector",
            Dora.MAGNITUDE);

    private static final Map<String, String> MISS = Map.of("miss_block", Bone.BLOCK);
    private static final Map<String, String> BONE = Map.of("bone_block", Bone.BLOCK);

    private PeftKeys() {}

    /** A parameter of a layer's adapter. */
    record Parameter(String path, String name) {}

    /** Returns which parameter a key without its prefix means, if any. */
    static Optional<Parameter> parse(PeftType type, String name) {
        if (type == PeftType.BONEPEFT) {
            int dot = name.lastIndexOf('.');
            return Optional.of(new Parameter(name.substring(0, Math.max(0, dot)), name.substring(dot + 1)));
        }
        return endings(type).entrySet().stream()
                .filter(ending -> name.endsWith("." + ending.getKey()))
                .map(ending -> new Parameter(
                        name.substring(0, name.length() - ending.getKey().length() - 1), ending.getValue()))
                .findFirst();
    }

    /** Returns the key of a parameter. */
    static String format(PeftType type, String path, String parameter) {
        String ending = type == PeftType.BONEPEFT
                ? parameter
                : endings(type).entrySet().stream()
                        .filter(known -> known.getValue().equals(parameter))
                        .map(Map.Entry::getKey)
                        .findFirst()
                        .orElseThrow(() -> new PeftException(
                                path + ": " + type + " has no name for the parameter '" + parameter + "'"));
        return PREFIX + path + "." + ending;
    }

    /** Returns what may follow a layer's path. */
    static List<String> expected(PeftType type) {
        return endings(type).keySet().stream().sorted().toList();
    }

    private static Map<String, String> endings(PeftType type) {
        return switch (type) {
            case BONE -> BONE;
            case MISS -> MISS;
            case LORA -> LORA;
            case BONEPEFT -> Map.of();
        };
    }

    /**
     * Returns the base's own name of a tensor that is saved beside adapters, if the configuration provides for it: one
     * of {@code modules_to_save}, or a trained bias, which in an adapted layer lies below {@code base_layer}.
     */
    static Optional<String> saved(PeftConfig config, String name) {
        if (config.modulesToSave().stream().anyMatch(module -> ("." + name + ".").contains("." + module + "."))) {
            return Optional.of(name);
        }
        boolean trainedBias = name.endsWith(BIAS)
                && !name.endsWith(LORA_BIAS)
                && !config.bias().equals("none");
        return trainedBias ? Optional.of(name.replace(BASE_LAYER + BIAS, BIAS)) : Optional.empty();
    }

    /** Returns the key of a tensor that is saved beside the adapters of {@code paths}. */
    static String formatSaved(String name, Collection<String> paths) {
        return name.endsWith(BIAS) ? formatBase(name, paths) : PREFIX + name;
    }

    /**
     * Returns the base's own name of a tensor that is neither an adapter's nor trained: with an adapter on
     * {@code lm_head}, or if its user or a resized vocabulary asks for it, PEFT saves the base's weight too
     * ({@code save_embedding_layers}).
     */
    static Optional<String> base(String name) {
        Matcher found = BASE.matcher(name);
        if (!found.matches()) {
            return Optional.empty();
        }
        return Optional.of(found.group("layer") == null ? name : found.group("layer") + "." + found.group("tensor"));
    }

    /** Returns the key of a tensor of the base beside the adapters of {@code paths}. */
    static String formatBase(String name, Collection<String> paths) {
        int dot = Math.max(0, name.lastIndexOf('.'));
        String module = name.substring(0, dot);
        return PREFIX + (paths.contains(module) ? module + BASE_LAYER + name.substring(dot) : name);
    }
}
