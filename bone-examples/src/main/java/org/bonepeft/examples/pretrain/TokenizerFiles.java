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
import java.util.TreeMap;

/**
 * A byte-level BPE tokenizer as Hugging Face stores it: {@code tokenizer.json}, {@code tokenizer_config.json}, {@code
 * special_tokens_map.json}. Ids: the special tokens, the 256 bytes, the merges in order, {@code <mask>} last if there is
 * one.
 */
record TokenizerFiles(Style style, List<BpeTrainer.Pair> merges) {
    private static final String BOS = "<s>";
    private static final String EOS = "</s>";
    private static final String UNK = "<unk>";
    private static final String PAD = "<pad>";
    private static final String MASK = "<mask>";
    private static final String TYPE = "type";
    private static final Gson GSON = new GsonBuilder()
            .setPrettyPrinting()
            .disableHtmlEscaping()
            .serializeNulls()
            .create();

    /** Whose layout it is. */
    enum Style {
        /** RoBERTa's: pairs of sentences, a mask. */
        ROBERTA("RobertaTokenizer", List.of(BOS, PAD, EOS, UNK)),
        /** LLaMA's: {@code <s>} before a text; each digit is a token. */
        LLAMA("PreTrainedTokenizerFast", List.of(UNK, BOS, EOS));

        private final String tokenizerClass;

        @SuppressWarnings("ImmutableEnumChecker") // made by List.of
        private final List<String> special;

        Style(String tokenizerClass, List<String> special) {
            this.tokenizerClass = tokenizerClass;
            this.special = special;
        }
    }

    /** Ids by token. */
    Map<String, Integer> vocabulary() {
        List<String> tokens = new ArrayList<>(style.special);
        for (int b = 0; b < 256; b++) {
            tokens.add(ByteAlphabet.character(b));
        }
        merges.forEach(pair -> tokens.add(pair.merged()));
        if (style == Style.ROBERTA) {
            tokens.add(MASK);
        }
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
        style.special.forEach(token -> added.add(added(token, vocabulary)));
        if (style == Style.ROBERTA) {
            added.add(added(MASK, vocabulary));
        }
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("version", "1.0");
        root.put("truncation", null);
        root.put("padding", null);
        root.put("added_tokens", added);
        root.put("normalizer", null);
        root.put("pre_tokenizer", style == Style.ROBERTA ? byteLevel() : digits());
        root.put("post_processor", style == Style.ROBERTA ? pairs() : single(vocabulary));
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
        level.put(TYPE, "ByteLevel");
        level.put("add_prefix_space", false);
        level.put("trim_offsets", true);
        level.put("use_regex", true);
        return level;
    }

    /** Each digit alone, then bytes. */
    private static Map<String, Object> digits() {
        Map<String, Object> digits = new LinkedHashMap<>();
        digits.put(TYPE, "Digits");
        digits.put("individual_digits", true);
        Map<String, Object> sequence = new LinkedHashMap<>();
        sequence.put(TYPE, "Sequence");
        sequence.put("pretokenizers", List.of(digits, byteLevel()));
        return sequence;
    }

    /** {@code <s> a}, or {@code <s> a <s> b}. */
    private static Map<String, Object> single(Map<String, Integer> vocabulary) {
        Map<String, Object> bos = Map.of("SpecialToken", new TreeMap<>(Map.of("id", BOS, "type_id", 0)));
        Map<String, Object> first = Map.of("Sequence", new TreeMap<>(Map.of("id", "A", "type_id", 0)));
        Map<String, Object> second = Map.of("Sequence", new TreeMap<>(Map.of("id", "B", "type_id", 0)));
        Map<String, Object> id =
                new TreeMap<>(Map.of("id", BOS, "ids", List.of(vocabulary.get(BOS)), "tokens", List.of(BOS)));
        Map<String, Object> processor = new LinkedHashMap<>();
        processor.put(TYPE, "TemplateProcessing");
        processor.put("single", List.of(bos, first));
        processor.put("pair", List.of(bos, first, bos, second));
        processor.put("special_tokens", Map.of(BOS, id));
        return processor;
    }

    /** {@code <s> a </s></s> b </s>}. */
    private static Map<String, Object> pairs() {
        Map<String, Object> processor = new LinkedHashMap<>();
        processor.put(TYPE, "RobertaProcessing");
        processor.put("sep", List.of(EOS, 2));
        processor.put("cls", List.of(BOS, 0));
        processor.put("trim_offsets", true);
        processor.put("add_prefix_space", false);
        return processor;
    }

    private Map<String, Object> model(Map<String, Integer> vocabulary) {
        Map<String, Object> model = new LinkedHashMap<>();
        model.put(TYPE, "BPE");
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

    private Map<String, Object> configuration(int maximumLength) {
        Map<String, Object> configuration = new LinkedHashMap<>();
        configuration.put("tokenizer_class", style.tokenizerClass);
        configuration.put("model_max_length", maximumLength);
        configuration.put("add_prefix_space", false);
        configuration.putAll(specialTokens());
        return configuration;
    }

    private Map<String, Object> specialTokens() {
        Map<String, Object> tokens = new LinkedHashMap<>();
        tokens.put("bos_token", BOS);
        tokens.put("eos_token", EOS);
        tokens.put("unk_token", UNK);
        if (style == Style.ROBERTA) {
            tokens.put("sep_token", EOS);
            tokens.put("pad_token", PAD);
            tokens.put("cls_token", BOS);
            tokens.put("mask_token", MASK);
        }
        return tokens;
    }
}
