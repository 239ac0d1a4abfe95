package org.bonepeft.peft;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Dora;
import org.bonepeft.adapter.Grouping;
import org.bonepeft.adapter.Hadamard;
import org.bonepeft.adapter.Lora;
import org.bonepeft.adapter.MissMini;
import org.bonepeft.adapter.Unconstrained;
import org.jspecify.annotations.Nullable;

/** Adapter methods from and to the keys of a configuration. */
final class ConfiguredMethod {
    private static final String BAT = "bat";
    private static final String MINI = "mini";
    private static final String METHOD = "method";
    private static final String PATTERNS = "method_pattern";

    private ConfiguredMethod() {}

    /** Returns the keys, with {@code peft_type} among them, that say a method, and others for some layers. */
    static Map<String, @Nullable Object> keys(AdapterMethod method, Map<String, AdapterMethod> patterns) {
        Map<String, @Nullable Object> keys = method.accept(new Keys());
        if (patterns.isEmpty()) {
            return keys;
        }
        Map<String, Object> ranks = new LinkedHashMap<>();
        Map<String, Object> alphas = new LinkedHashMap<>();
        for (Map.Entry<String, AdapterMethod> pattern : patterns.entrySet()) {
            Map<String, @Nullable Object> like = pattern.getValue().accept(new Keys());
            putIfOther("r", keys, like, ranks, pattern.getKey());
            putIfOther("lora_alpha", keys, like, alphas, pattern.getKey());
            if (!PeftType.LORA.name().equals(keys.get(PeftType.KEY)) || !like.equals(keys)) {
                return own(method, patterns);
            }
        }
        keys.put("rank_pattern", ranks);
        keys.put("alpha_pattern", alphas);
        return keys;
    }

    private static void putIfOther(
            String key,
            Map<String, @Nullable Object> keys,
            Map<String, @Nullable Object> like,
            Map<String, Object> others,
            String pattern) {
        @Nullable Object other = like.put(key, keys.get(key));
        if (other != null && !other.equals(keys.get(key))) {
            others.put(pattern, other);
        }
    }

    private static Map<String, @Nullable Object> own(AdapterMethod method, Map<String, AdapterMethod> patterns) {
        Map<String, Object> others = new LinkedHashMap<>();
        patterns.forEach((pattern, other) -> others.put(pattern, inner(other)));
        return keys(PeftType.BONEPEFT, METHOD, inner(method), PATTERNS, others);
    }

    /** In our own files a method that PEFT knows is said by PEFT's keys. */
    private static Object inner(AdapterMethod method) {
        Map<String, @Nullable Object> keys = method.accept(new Keys());
        return Optional.ofNullable(keys.get(METHOD)).orElse(keys);
    }

    private static Map<String, @Nullable Object> own(AdapterMethod method) {
        return keys(PeftType.BONEPEFT, METHOD, MethodRecord.toJson(method));
    }

    private static Map<String, @Nullable Object> keys(PeftType type, Object... namesAndValues) {
        Map<String, @Nullable Object> keys = new LinkedHashMap<>();
        keys.put(PeftType.KEY, type.name());
        for (int i = 0; i < namesAndValues.length; i += 2) {
            keys.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return keys;
    }

    private static final class Keys implements AdapterMethod.Visitor<Map<String, @Nullable Object>> {
        @Override
        public Map<String, @Nullable Object> bone(Bone method) {
            return method.grouping() == Grouping.COL
                    ? miss(method.rank(), !method.randomStart(), 1, method.dropout())
                    : own(method);
        }

        @Override
        public Map<String, @Nullable Object> missMini(MissMini method) {
            return miss(method.rank(), MINI, method.miniRank(), method.dropout());
        }

        @Override
        public Map<String, @Nullable Object> bat(Bat method) {
            return method.grouping() == Grouping.COL ? miss(method.rank(), BAT, 1, 0) : own(method);
        }

        private static Map<String, @Nullable Object> miss(int rank, Object start, int miniRank, double dropout) {
            return keys(PeftType.MISS, "r", rank, "init_weights", start, "mini_r", miniRank, "miss_dropout", dropout);
        }

        @Override
        public Map<String, @Nullable Object> hadamard(Hadamard method) {
            return own(method);
        }

        @Override
        public Map<String, @Nullable Object> unconstrained(Unconstrained method) {
            return own(method);
        }

        @Override
        public Map<String, @Nullable Object> lora(Lora method) {
            return lora(method, false);
        }

        @Override
        public Map<String, @Nullable Object> dora(Dora method) {
            return lora(method.lora(), true);
        }

        private static Map<String, @Nullable Object> lora(Lora lora, boolean dora) {
            return keys(
                    PeftType.LORA,
                    "r",
                    lora.rank(),
                    "lora_alpha",
                    integral(lora.alpha()),
                    "lora_dropout",
                    lora.dropout(),
                    "use_rslora",
                    lora.rankStabilized(),
                    "use_dora",
                    dora,
                    "init_lora_weights",
                    LoraStarts.name(lora.start()));
        }

        /** PEFT's users write 16, not 16.0. */
        private static Number integral(double value) {
            return value == Math.rint(value) && Math.abs(value) < 1e9 ? (Number) (long) value : value;
        }
    }

    /**
     * Returns the method of a layer, or without a path that of layers which no pattern names.
     *
     * @param squareBlocks whether the layer's parameter is three-dimensional; early files of Bat have no other sign
     */
    static AdapterMethod read(PeftConfig config, Optional<String> path, boolean squareBlocks) {
        return switch (config.type()) {
            case BONE -> squareBlocks ? new Bat(config.integer("r")) : miss(config);
            case MISS -> miss(config);
            case LORA -> lora(config, path);
            case BONEPEFT ->
                config.pattern(PATTERNS, path)
                        .map(json -> own(config, PATTERNS, json))
                        .orElseGet(
                                () -> own(config, METHOD, config.value(METHOD).orElse("nothing")));
        };
    }

    private static AdapterMethod own(PeftConfig config, String key, Object json) {
        if (!(json instanceof Map<?, ?> map)) {
            throw config.wrong(key, "an object");
        }
        Map<String, @Nullable Object> keys = new LinkedHashMap<>();
        map.forEach((name, value) -> keys.put((String) name, value));
        return keys.containsKey(PeftType.KEY) ? config.nested(keys).method() : MethodRecord.fromJson(config, keys);
    }

    private static AdapterMethod miss(PeftConfig config) {
        int rank = config.integer("r");
        double dropout = config.numberOr("miss_dropout", 0);
        Object start = config.value("init_weights").orElse(true);
        if (start instanceof Boolean zeros) {
            return new Bone(rank, Grouping.COL, dropout, !zeros);
        }
        if (start.equals(BAT)) {
            return new Bat(rank);
        }
        if (start.equals(MINI) && config.type() == PeftType.MISS) {
            return new MissMini(rank, config.integer("mini_r"), dropout);
        }
        throw config.wrong("init_weights", "true, false, \"bat\" or, of MISS, \"mini\"");
    }

    private static AdapterMethod lora(PeftConfig config, Optional<String> path) {
        int rank = config.pattern("rank_pattern", path)
                .map(value -> config.integer("rank_pattern", value))
                .orElseGet(() -> config.integer("r"));
        double alpha = config.pattern("alpha_pattern", path)
                .map(value -> config.number("alpha_pattern", value))
                .orElseGet(() -> config.number("lora_alpha"));
        Lora lora = new Lora(
                rank, alpha, config.truth("use_rslora"), config.numberOr("lora_dropout", 0), LoraStarts.start(config));
        return config.truth("use_dora") ? new Dora(lora) : lora;
    }
}
