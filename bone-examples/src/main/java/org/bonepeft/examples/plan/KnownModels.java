package org.bonepeft.examples.plan;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.CausalLm;
import org.bonepeft.djl.model.HfConfig;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.djl.model.llama.LlamaConfig;
import org.bonepeft.djl.model.llama.LlamaFamily;
import org.bonepeft.djl.model.llama.LlamaForCausalLm;
import org.bonepeft.djl.model.roberta.RobertaConfig;
import org.bonepeft.djl.model.roberta.RobertaForSequenceClassification;
import org.bonepeft.djl.model.rwkv6.Rwkv6Config;
import org.bonepeft.djl.model.rwkv6.Rwkv6ForCausalLm;

/** Models without weights: by name, or from the {@code config.json} of a directory. */
final class KnownModels {
    private static final Map<String, Supplier<ModelBlock>> BY_NAME = new LinkedHashMap<>();

    static {
        BY_NAME.put("roberta-base", () -> roberta(768, 3072, 12, 12));
        BY_NAME.put("roberta-large", () -> roberta(1024, 4096, 24, 16));
        BY_NAME.put("llama-2-7b", () -> llama(LlamaFamily.LLAMA, 32000, 4096, 11008, 32, 32, 32, false));
        BY_NAME.put("llama-2-13b", () -> llama(LlamaFamily.LLAMA, 32000, 5120, 13824, 40, 40, 40, false));
        BY_NAME.put("llama-3-8b", () -> llama(LlamaFamily.LLAMA, 128256, 4096, 14336, 32, 32, 8, false));
        BY_NAME.put("llama-3.2-1b", () -> llama(LlamaFamily.LLAMA, 128256, 2048, 8192, 16, 32, 8, true));
        BY_NAME.put("llama-3.2-3b", () -> llama(LlamaFamily.LLAMA, 128256, 3072, 8192, 28, 24, 8, true));
        BY_NAME.put("mistral-7b", () -> llama(LlamaFamily.MISTRAL, 32000, 4096, 14336, 32, 32, 8, false));
        BY_NAME.put("qwen2.5-0.5b", () -> llama(LlamaFamily.QWEN2, 151936, 896, 4864, 24, 14, 2, true));
        BY_NAME.put("qwen2.5-7b", () -> llama(LlamaFamily.QWEN2, 152064, 3584, 18944, 28, 28, 4, false));
        BY_NAME.put("rwkv6-1.6b", () -> new Rwkv6ForCausalLm(Rwkv6Config.of(65536, 2048, 24, 64)));
        BY_NAME.put("rwkv6-3b", () -> new Rwkv6ForCausalLm(Rwkv6Config.of(65536, 2560, 32, 64)));
        BY_NAME.put("rwkv6-7b", () -> new Rwkv6ForCausalLm(Rwkv6Config.of(65536, 4096, 32, 64)));
    }

    private KnownModels() {}

    /** Returns the names. */
    static List<String> names() {
        return List.copyOf(BY_NAME.keySet());
    }

    /**
     * Returns a model without arrays.
     *
     * @param model one of {@link #names}, or a directory
     * @throws BoneException if it is neither, or the configuration is of another kind of model
     */
    static ModelBlock find(String model) throws IOException {
        Supplier<ModelBlock> known = BY_NAME.get(model);
        if (known != null) {
            return known.get();
        }
        Path directory = Path.of(model);
        if (!Files.isDirectory(directory)) {
            throw new BoneException(
                    "no model or directory '" + model + "'; models known by name are " + String.join(", ", names()));
        }
        HfConfig config = HfConfig.read(directory);
        return switch (config.text("model_type", config.text("architecture", ""))) {
            case "roberta" ->
                new RobertaForSequenceClassification(
                        RobertaConfig.read(directory).withLabels(List.of("0", "1")));
            case "llama", "mistral", "qwen2" -> new LlamaForCausalLm(LlamaConfig.read(directory));
            case Rwkv6Config.ARCHITECTURE -> new Rwkv6ForCausalLm(Rwkv6Config.read(directory));
            default -> throw config.unfit("model_type", "roberta, llama, mistral, qwen2 or rwkv6");
        };
    }

    /** Returns how many tokens a sequence may have. */
    static long longest(ModelBlock model) {
        if (model instanceof RobertaForSequenceClassification roberta) {
            return roberta.config().maxTokens();
        }
        return model instanceof CausalLm lm ? lm.maxPositions() : Long.MAX_VALUE;
    }

    private static ModelBlock roberta(int hidden, int intermediate, int layers, int heads) {
        return new RobertaForSequenceClassification(RobertaConfig.builder()
                .setVocabSize(50265)
                .setHiddenSize(hidden)
                .setIntermediateSize(intermediate)
                .setLayers(layers)
                .setHeads(heads)
                .build());
    }

    private static ModelBlock llama(
            LlamaFamily family,
            int vocabulary,
            int hidden,
            int intermediate,
            int layers,
            int heads,
            int keyValueHeads,
            boolean tied) {
        return new LlamaForCausalLm(LlamaConfig.builder()
                .optFamily(family)
                .setVocabSize(vocabulary)
                .setHiddenSize(hidden)
                .setIntermediateSize(intermediate)
                .setLayers(layers)
                .setHeads(heads)
                .optKeyValueHeads(keyValueHeads)
                .optTied(tied)
                .optBias(family == LlamaFamily.QWEN2, false)
                .build());
    }
}
