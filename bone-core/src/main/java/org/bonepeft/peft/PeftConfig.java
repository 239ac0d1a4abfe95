package org.bonepeft.peft;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.bonepeft.adapter.AdapterException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.json.Json;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The content of an {@code adapter_config.json}: which method, which layers, which settings. Immutable. It keeps every
 * key of the file it was read from, known or not, so that reading and writing loses nothing; a new one has all keys that
 * PEFT 0.21 writes.
 */
public final class PeftConfig {
    private static final Logger LOG = LoggerFactory.getLogger(PeftConfig.class);

    /** A list of every layer of the largest models takes less than a tenth of it. */
    private static final long MAX_BYTES = 1 << 24;

    private final Map<String, @Nullable Object> values;
    private final String where;
    private final PeftType type;

    private PeftConfig(Map<String, @Nullable Object> values, String where) {
        this.values = Collections.unmodifiableMap(Json.parseObject(Json.print(values), where));
        this.where = where;
        this.type = type(values.get(PeftType.KEY), where);
        try {
            check();
        } catch (AdapterException e) {
            throw new PeftException(where + ": " + e.getMessage(), e);
        }
    }

    /** Looks at every value once, so that a wrong one is found now. */
    private void check() {
        targetsIfGiven();
        modulesToSave();
        baseModel();
        taskType();
        bias();
        fanInFanOut();
        loraBias();
        patternKeys().forEach(key -> patterns(key).keySet().forEach(PathPattern::end));
        method();
        if (type == PeftType.BONEPEFT && integer("format_version") != PeftType.FORMAT_VERSION) {
            throw wrong("format_version", PeftType.FORMAT_VERSION + "; a later bone wrote this");
        }
    }

    private static PeftType type(@Nullable Object name, String where) {
        return Stream.of(PeftType.values())
                .filter(type -> type.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new PeftException(where + ": peft_type is " + Json.print(name)
                        + "; bone reads BONE, MISS, LORA and its own BONEPEFT"));
    }

    /**
     * Reads an {@code adapter_config.json}. Keys that are not known are kept, with a warning in the log.
     *
     * @throws PeftException if a value is not of the kind that its key needs
     * @throws IOException if the file cannot be read
     */
    public static PeftConfig read(Path file) throws IOException {
        long size = Files.size(file);
        if (size > MAX_BYTES) {
            throw new PeftException(file + " has " + size + " bytes; a configuration has at most " + MAX_BYTES);
        }
        PeftConfig config = new PeftConfig(Json.readObject(file), file.toString());
        List<String> unknown = config.unknownKeys();
        if (!unknown.isEmpty()) {
            LOG.warn("{}: unknown keys {} are kept but not understood", file, unknown);
        }
        return config;
    }

    /**
     * Returns the configuration of a new adapter, of the type that PEFT has for the method, or of our own.
     *
     * @param patterns methods of layers that differ from the others, by regular expressions for the end of their paths
     */
    public static PeftConfig of(AdapterMethod method, Map<String, AdapterMethod> patterns, Targets targets) {
        Map<String, @Nullable Object> keys = ConfiguredMethod.keys(method, patterns);
        PeftType type = type(keys.get(PeftType.KEY), "");
        Map<String, @Nullable Object> values = new LinkedHashMap<>(type.defaults());
        values.putAll(keys);
        values.put(
                "target_modules",
                targets.pattern()
                        .<Object>map(pattern -> pattern)
                        .orElse(targets.names().isEmpty() ? Targets.ALL_LINEAR : sorted(targets.names())));
        values.put(
                "exclude_modules",
                targets.excludesPattern().<Object>map(pattern -> pattern).orElse(orNull(sorted(targets.excludes()))));
        values.put(
                "layers_to_transform",
                orNull(targets.layers().stream().map(Long::valueOf).toList()));
        values.put("layers_pattern", orNull(targets.layersPattern()));
        return new PeftConfig(values, "a new adapter's configuration");
    }

    /** Returns the configuration of a new adapter with one method for all layers. */
    public static PeftConfig of(AdapterMethod method, Targets targets) {
        return of(method, Map.of(), targets);
    }

    private static List<String> sorted(List<String> names) {
        return names.stream().sorted().distinct().toList();
    }

    private static @Nullable Object orNull(List<?> list) {
        return list.isEmpty() ? null : list;
    }

    /** Returns the keys whose meaning is not known here. */
    public List<String> unknownKeys() {
        Set<String> known = type.defaults().keySet();
        return values.keySet().stream().filter(key -> !known.contains(key)).toList();
    }

    /** Returns {@code peft_type}. */
    public PeftType type() {
        return type;
    }

    /** Returns every key of the file with its value as {@link Json} reads it. */
    public Map<String, @Nullable Object> values() {
        return values;
    }

    /**
     * Returns this configuration with another value for one key.
     *
     * @throws PeftException if the value is not of the kind that the key needs
     */
    public PeftConfig with(String key, @Nullable Object value) {
        Map<String, @Nullable Object> changed = new LinkedHashMap<>(values);
        changed.put(key, value);
        return new PeftConfig(changed, where);
    }

    /** Returns this configuration with modules that are trained and saved whole. */
    public PeftConfig withModulesToSave(List<String> modules) {
        return with("modules_to_save", orNull(modules));
    }

    /** Returns the configuration that an inner object of this one is. */
    PeftConfig nested(Map<String, @Nullable Object> inner) {
        return new PeftConfig(inner, where);
    }

    PeftConfig as(PeftType other) {
        if (type == other) {
            return this;
        }
        if (type == PeftType.LORA
                || type == PeftType.BONEPEFT
                || other == PeftType.LORA
                || other == PeftType.BONEPEFT) {
            throw new PeftException(type + " and " + other + " are not two names of one thing, as BONE and MISS are");
        }
        Map<String, @Nullable Object> renamed = new LinkedHashMap<>(other.defaults());
        renamed.replaceAll((key, otherwise) -> key.equals(PeftType.KEY) || key.equals("peft_version")
                ? otherwise
                : values.getOrDefault(key, otherwise));
        return new PeftConfig(renamed, where);
    }

    /** Returns the modules that are trained and saved whole, by path or its last parts. */
    public List<String> modulesToSave() {
        return strings("modules_to_save");
    }

    /** Returns the name or directory of the base model; nothing is ever fetched from there. */
    public Optional<String> baseModel() {
        return string("base_model_name_or_path");
    }

    /** Returns what the model is for, for example {@code CAUSAL_LM}. */
    public Optional<String> taskType() {
        return string("task_type");
    }

    /** Returns which biases of the base were trained: {@code none}, {@code all}, {@code lora_only}. */
    public String bias() {
        return string("bias").orElse("none");
    }

    /** Returns whether the base stores its weights as (in, out), as GPT-2's Conv1D does. */
    public boolean fanInFanOut() {
        return truth("fan_in_fan_out");
    }

    /** Returns whether each B of a LoRA has a bias. */
    public boolean loraBias() {
        return truth("lora_bias");
    }

    /** Returns the LoRA start, {@code init_lora_weights}: {@code true}, {@code false} or a name such as {@code pissa}. */
    public String loraStart() {
        return String.valueOf(values.getOrDefault("init_lora_weights", true));
    }

    /**
     * Returns which layers have an adapter.
     *
     * @throws PeftException if the configuration does not say
     */
    public Targets targets() {
        return targetsIfGiven()
                .orElseThrow(() -> new PeftException(
                        where + ": target_modules is null; expected a list, a regular expression or all-linear"));
    }

    private Optional<Targets> targetsIfGiven() {
        @Nullable Object given = values.get("target_modules");
        if (given == null) {
            return Optional.empty();
        }
        Targets targets = given instanceof String text ? Targets.matching(text) : Targets.of(strings("target_modules"));
        @Nullable Object excluded = values.get("exclude_modules");
        targets = excluded instanceof String text
                ? targets.excludingMatching(text)
                : targets.excluding(strings("exclude_modules"));
        @Nullable Object layers = values.get("layers_to_transform");
        if (layers == null || layers.equals(List.of())) {
            return Optional.of(targets);
        }
        return Optional.of(targets.inLayers(indices(layers), stringOrStrings("layers_pattern")));
    }

    private List<Integer> indices(Object layers) {
        List<Integer> indices = new ArrayList<>();
        for (Object layer : layers instanceof List<?> list ? list : List.of(layers)) {
            if (!(layer instanceof Long index) || index < 0 || index > Integer.MAX_VALUE) {
                throw wrong("layers_to_transform", "a layer's index or a list of them");
            }
            indices.add(index.intValue());
        }
        return indices;
    }

    /** Returns the method of the layers that no pattern names. */
    public AdapterMethod method() {
        return ConfiguredMethod.read(this, Optional.empty(), false);
    }

    /** Returns the method of a layer: rank and alpha are those of the first pattern that its path ends with. */
    public AdapterMethod method(String path) {
        return method(path, false);
    }

    /** Returns the method of a layer whose parameter is made of square blocks: of Bone and Bat, that is Bat. */
    AdapterMethod method(String path, boolean squareBlocks) {
        return ConfiguredMethod.read(this, Optional.of(path), squareBlocks);
    }

    /** Returns the value of the first key of a pattern map which the end of a path matches, as PEFT does. */
    Optional<Object> pattern(String key, Optional<String> path) {
        return patterns(key).entrySet().stream()
                .filter(entry -> path.filter(
                                end -> PathPattern.end(entry.getKey()).matches(end))
                        .isPresent())
                .map(Map.Entry::getValue)
                .findFirst();
    }

    private List<String> patternKeys() {
        return type == PeftType.LORA
                ? List.of("rank_pattern", "alpha_pattern")
                : type == PeftType.BONEPEFT ? List.of("method_pattern") : List.of();
    }

    private Map<String, Object> patterns(String key) {
        @Nullable Object given = values.get(key);
        Map<String, Object> patterns = new LinkedHashMap<>();
        if (given instanceof Map<?, ?> map) {
            map.forEach((pattern, value) -> {
                if (value == null) {
                    throw wrong(key, "a value for '" + pattern + "'");
                }
                patterns.put((String) pattern, value);
            });
        } else if (given != null) {
            throw wrong(key, "an object: the end of a path to its value");
        }
        return patterns;
    }

    Optional<Object> value(String key) {
        return Optional.ofNullable(values.get(key));
    }

    int integer(String key) {
        return integer(key, values.get(key));
    }

    int integer(String key, @Nullable Object value) {
        if (value instanceof Long number && number >= 1 && number <= Integer.MAX_VALUE) {
            return number.intValue();
        }
        throw wrong(key, "an integer from 1 on");
    }

    double number(String key) {
        return number(key, values.get(key));
    }

    double number(String key, @Nullable Object value) {
        if (value instanceof Number number) {
            return number.doubleValue();
        }
        throw wrong(key, "a number");
    }

    double numberOr(String key, double otherwise) {
        return values.get(key) == null ? otherwise : number(key);
    }

    boolean truth(String key) {
        @Nullable Object value = values.get(key);
        if (value == null || value instanceof Boolean) {
            return Boolean.TRUE.equals(value);
        }
        throw wrong(key, "true or false");
    }

    private Optional<String> string(String key) {
        @Nullable Object value = values.get(key);
        if (value == null || value instanceof String) {
            return Optional.ofNullable((String) value);
        }
        throw wrong(key, "a string");
    }

    private List<String> stringOrStrings(String key) {
        return values.get(key) instanceof String text ? List.of(text) : strings(key);
    }

    private List<String> strings(String key) {
        @Nullable Object value = values.get(key);
        if (value == null) {
            return List.of();
        }
        List<String> strings = new ArrayList<>();
        for (Object item : value instanceof List<?> list ? list : List.of(false)) {
            if (!(item instanceof String string)) {
                throw wrong(key, "a list of strings");
            }
            strings.add(string);
        }
        return strings;
    }

    PeftException wrong(String key, String expected) {
        String given = Json.print(values.get(key)).replaceAll("\\s*\\n\\s*", " ");
        return new PeftException(where + ": " + key + " is " + given + "; expected " + expected);
    }

    /** Returns the text that PEFT would write: sorted keys, two spaces, no line break at the end. */
    public String toJson() {
        return Json.print(values);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof PeftConfig config && values.equals(config.values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    @Override
    public String toString() {
        return toJson();
    }
}
