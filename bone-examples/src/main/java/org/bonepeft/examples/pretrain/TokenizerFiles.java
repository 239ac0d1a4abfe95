package org.bonepeft.examples.pretrain;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A byte-level BPE tokenizer as Hugging Face stores RoBERTa's: {@code tokenizer.json}, {@code tokenizer_config.json},
 * {@code special_tokens_map.json}. Ids: {@code <s>} 0, {@code <pad>} 1, {@code </s>} 2, {@code <unk>} 3, the 256 bytes,
 * the merges in order, {@code <mask>} last.
 */
record TokenizerFiles(List<BpeTrainer.Pair> merges) {
    private static final List<String> SPECIAL = List.of("<s>", "<pad>", "</s>", "<unk>");
    private static final String MASK = "<mask>";
    private static final Gson GSON = new GsonBuilder()
            .setPrettyPrinting()
            .disableHtmlEscaping()
            .serializeNulls()
            .create();

    /** Ids by token. */
    Map<String, Integer> vocabulary() {
        List<String> tokens = new ArrayList<>(SPECIAL);
        for (int b = 0; b < 256; b++) {
            tokens.add(ByteAlphabet.character(b));
        }
        merges.forEach(pair -> tokens.add(pair.merged()));
        tokens.add(MASK);
        Map<String, Integer> ids = new LinkedHashMap<>();
        tokens.forEach(token -> ids.putIfAbsent(token, ids.size()));
        return ids;
    }

    /** Writes the three files. */
    void write(Path directory, int maximumLength) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(directory.resolve("tokenizer.json"), GSON.toJson(tokenizer()) + "\n");
        Files.writeString(directory.resolve("tokenizer_config.json"), GSON.toJson(configuration(maximumLength)) + "\n");
        Files.writeString(directory.resolve("special_tokens_map.json"), GSON.toJson(specialTokens()) + "\n");
    }

    private Map<String, Object> tokenizer() {
        Map<String, Integer> vocabulary = vocabulary();
        List<Object> added = new ArrayList<>();
        SPECIAL.forEach(token -> added.add(added(token, vocabulary)));
        added.add(added(MASK, vocabulary));
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("version", "1.0");
        root.put("truncation", null);
        root.put("padding", null);
        root.put("added_tokens", added);
        root.put("normalizer", null);
        root.put("pre_tokenizer", byteLevel());
        root.put("post_processor", pairs());
        root.put("decoder", byteLevel());
        root.put("model", model(vocabulary));
        return root;
    }

    private static Map<String, Object> added(String token, Map<String, Integer> vocabulary) {
        Map<String, Object> added = new LinkedHashMap<>();
        added.put("id", vocabulary.get(token));
        added.put("content", token);
        added.put("single_word", false);
        added.put("lstrip", token.equals(MASK));
        added.put("rstrip", false);
        added.put("normalized", false);
        added.put("special", true);
        return added;
    }

    private static Map<String, Object> byteLevel() {
        Map<String, Object> level = new LinkedHashMap<>();
        level.put("type", "ByteLevel");
        level.put("add_prefix_space", false);
        level.put("trim_offsets", true);
        level.put("use_regex", true);
        return level;
    }

    /** {@code <s> a </s></s> b </s>}. */
    private static Map<String, Object> pairs() {
        Map<String, Object> processor = new LinkedHashMap<>();
        processor.put("type", "RobertaProcessing");
        processor.put("sep", List.of("</s>", 2));
        processor.put("cls", List.of("<s>", 0));
        processor.put("trim_offsets", true);
        processor.put("add_prefix_space", false);
        return processor;
    }

    private Map<String, Object> model(Map<String, Integer> vocabulary) {
        Map<String, Object> model = new LinkedHashMap<>();
        model.put("type", "BPE");
        model.put("dropout", null);
        model.put("unk_token", null);
        model.put("continuing_subword_prefix", "");
        model.put("end_of_word_suffix", "");
        model.put("fuse_unk", false);
        model.put("byte_fallback", false);
        model.put("vocab", vocabulary);
        model.put(
                "merges",
                merges.stream().map(pair -> pair.left() + " " + pair.right()).toList());
        return model;
    }

    private static Map<String, Object> configuration(int maximumLength) {
        Map<String, Object> configuration = new LinkedHashMap<>();
        configuration.put("tokenizer_class", "RobertaTokenizer");
        configuration.put("model_max_length", maximumLength);
        configuration.put("add_prefix_space", false);
        configuration.putAll(specialTokens());
        return configuration;
    }

    private static Map<String, Object> specialTokens() {
        Map<String, Object> tokens = new LinkedHashMap<>();
        tokens.put("bos_token", "<s>");
        tokens.put("eos_token", "</s>");
        tokens.put("unk_token", "<unk>");
        tokens.put("sep_token", "</s>");
        tokens.put("pad_token", "<pad>");
        tokens.put("cls_token", "<s>");
        tokens.put("mask_token", MASK);
        return tokens;
    }
}
