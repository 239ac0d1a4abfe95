package org.bonepeft.peft;

import java.util.Map;
import java.util.Set;
import org.bonepeft.json.Json;
import org.jspecify.annotations.Nullable;

/** The values of {@code peft_type} that are read and written, each with the keys of its {@code adapter_config.json}. */
public enum PeftType {
    /** Block-affine adapters as PEFT called them up to 0.18. */
    BONE("""
            {"auto_mapping": null, "base_model_name_or_path": null, "bias": "none", "exclude_modules": null,
             "inference_mode": true, "init_weights": true, "layers_pattern": null, "layers_to_transform": null,
             "modules_to_save": null, "peft_version": "0.18.1", "r": 64, "revision": null, "target_modules": null,
             "task_type": null}"""),
    /** Block-affine adapters as PEFT calls them since. */
    MISS("""
            {"auto_mapping": null, "base_model_name_or_path": null, "bias": "none", "exclude_modules": null,
             "inference_mode": true, "init_weights": true, "layers_pattern": null, "layers_to_transform": null,
             "mini_r": 1, "miss_dropout": 0.0, "modules_to_save": null, "peft_version": "0.21.0", "r": 64,
             "revision": null, "target_modules": null, "task_type": null}"""),
    /** LoRA and its relatives. */
    LORA("""
            {"alora_invocation_tokens": null, "alpha_pattern": {}, "arrow_config": null, "auto_mapping": null,
             "base_model_name_or_path": null, "bias": "none", "corda_config": null, "ensure_weight_tying": false,
             "eva_config": null, "exclude_modules": null, "fan_in_fan_out": false, "inference_mode": true,
             "init_lora_weights": true, "kasa_config": null, "layer_replication": null, "layers_pattern": null,
             "layers_to_transform": null, "loftq_config": {}, "lora_alpha": 8, "lora_bias": false,
             "lora_dropout": 0.0, "lora_ga_config": null, "megatron_config": null,
             "megatron_core": "megatron.core", "modules_to_save": null, "monteclora_config": null,
             "peft_version": "0.21.0", "qalora_group_size": 16, "r": 8, "rank_pattern": {}, "revision": null,
             "target_modules": null, "target_parameters": null, "task_type": null,
             "trainable_token_indices": null, "use_bdlora": null, "use_dora": false, "use_qalora": false,
             "use_rslora": false, "velora_config": null}"""),
    /** What PEFT has no name for; docs/FORMAT.md says what it holds. PEFT refuses it: {@code KeyError: 'BONEPEFT'}. */
    BONEPEFT("""
            {"base_model_name_or_path": null, "bias": "none", "exclude_modules": null, "format_version": 1,
             "inference_mode": true, "layers_pattern": null, "layers_to_transform": null, "method": null,
             "method_pattern": {}, "modules_to_save": null, "revision": null, "target_modules": null,
             "task_type": null}""");

    static final String KEY = "peft_type";

    /** Of {@link #BONEPEFT}. */
    static final int FORMAT_VERSION = 1;

    private static final Set<String> NOT_IMPLEMENTED = Set.of(
            "alora_invocation_tokens",
            "arrow_config",
            "kasa_config",
            "layer_replication",
            "monteclora_config",
            "target_parameters",
            "trainable_token_indices",
            "use_bdlora",
            "use_qalora");

    private final String defaults;

    PeftType(String defaults) {
        this.defaults = defaults;
    }

    /** Returns every key that PEFT writes, with the value of an adapter that does not say otherwise. */
    Map<String, @Nullable Object> defaults() {
        Map<String, @Nullable Object> keys = Json.parseObject(defaults, name());
        keys.put(KEY, name());
        return keys;
    }

    /** Returns the keys which, unless they have their default, change what the adapter computes in a way not known here. */
    Set<String> notImplemented() {
        return this == LORA ? NOT_IMPLEMENTED : Set.of();
    }
}
