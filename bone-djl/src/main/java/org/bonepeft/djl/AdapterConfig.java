package org.bonepeft.djl;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bonepeft.adapter.AdapterException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.peft.PeftAdapter;
import org.bonepeft.peft.Targets;
import org.jspecify.annotations.Nullable;

/**
 * Which layers of a model get which adapter.
 *
 * <pre>{@code
 * AdapterConfig config = AdapterConfig.builder()
 *         .setMethod(new Bone(16))
 *         .setTargets(Targets.of("query", "value"))
 *         .optModulesToSave("classifier")
 *         .build();
 * }</pre>
 */
public final class AdapterConfig {
    private final String name;
    private final AdapterMethod method;
    private final Map<String, AdapterMethod> patterns;
    private final Map<String, AdapterMethod> exact;
    private final Targets targets;
    private final List<String> modulesToSave;
    private final long seed;

    private AdapterConfig(
            String name,
            AdapterMethod method,
            Map<String, AdapterMethod> patterns,
            Map<String, AdapterMethod> exact,
            Targets targets,
            List<String> modulesToSave,
            long seed) {
        this.name = name;
        this.method = method;
        this.patterns = new LinkedHashMap<>(patterns);
        this.exact = exact;
        this.targets = targets;
        this.modulesToSave = modulesToSave;
        this.seed = seed;
    }

    AdapterConfig withName(String other) {
        return new AdapterConfig(other, method, patterns, exact, targets, modulesToSave, seed);
    }

    /** Returns the same targets with a method for each layer. */
    AdapterConfig withMethods(String other, Map<String, AdapterMethod> methods) {
        AdapterMethod general = methods.values().iterator().next();
        return new AdapterConfig(other, general, Map.of(), methods, targets, List.of(), seed);
    }

    /** Returns the configuration of an adapter that was read from files. */
    static AdapterConfig of(PeftAdapter adapter, String name) {
        Map<String, AdapterMethod> methods = new LinkedHashMap<>();
        adapter.layers().forEach((path, layer) -> methods.put(path, PeftFiles.started(adapter, layer.method())));
        // PEFT lists the usual names of heads; only those that the file has tensors of are there.
        List<String> modules = adapter.config().modulesToSave().stream()
                .filter(module -> adapter.saved().keySet().stream()
                        .anyMatch(tensor -> ("." + tensor + ".").contains("." + module + ".")))
                .toList();
        return new AdapterConfig(
                name,
                adapter.config().method(),
                Map.of(),
                methods,
                adapter.config().targets(),
                modules,
                0);
    }

    /** Returns a builder. */
    public static Builder builder() {
        return new Builder();
    }

    /** Returns the adapter's name. */
    public String name() {
        return name;
    }

    /** Returns the method of layers that no pattern names. */
    public AdapterMethod method() {
        return method;
    }

    /** Returns the method of a layer: that of the first pattern which is a suffix of its path, else the general one. */
    public AdapterMethod method(String path) {
        @Nullable AdapterMethod own = exact.get(path);
        return own != null ? own : byPattern(path);
    }

    /** Returns the methods of layers that patterns name. */
    Map<String, AdapterMethod> patterns() {
        return patterns;
    }

    private AdapterMethod byPattern(String path) {
        return patterns.entrySet().stream()
                .filter(pattern -> path.matches("(.*\\.)?(" + pattern.getKey() + ")$"))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(method);
    }

    /** Returns which linear layers get an adapter. */
    public Targets targets() {
        return targets;
    }

    /** Returns the modules that are trained whole and saved with the adapter, by path or its last parts. */
    public List<String> modulesToSave() {
        return modulesToSave;
    }

    /** Returns the seed of the parameters' start. */
    public long seed() {
        return seed;
    }

    /** Builds an {@link AdapterConfig}. */
    public static final class Builder {
        private String name = "default";
        private @Nullable AdapterMethod method;
        private @Nullable Targets targets;
        private final Map<String, AdapterMethod> patterns = new LinkedHashMap<>();
        private List<String> modulesToSave = List.of();
        private long seed;

        private Builder() {}

        /** Sets the method. */
        public Builder setMethod(AdapterMethod newMethod) {
            method = newMethod;
            return this;
        }

        /** Sets which linear layers get an adapter. */
        public Builder setTargets(Targets newTargets) {
            targets = newTargets;
            return this;
        }

        /** Names the adapter; {@code default} if not called. */
        public Builder optName(String newName) {
            name = newName;
            return this;
        }

        /**
         * Gives some layers another method, for example another rank, as PEFT's {@code rank_pattern} does.
         *
         * @param pattern a regular expression for the last parts of the path; the first one that matches counts
         */
        public Builder optMethodFor(String pattern, AdapterMethod other) {
            patterns.put(pattern, other);
            return this;
        }

        /** Trains these modules whole beside the adapters, for example a classifier. */
        public Builder optModulesToSave(String... modules) {
            modulesToSave = List.of(modules);
            return this;
        }

        /** Sets the seed of the parameters' start; 0 if not called. */
        public Builder optSeed(long newSeed) {
            seed = newSeed;
            return this;
        }

        /**
         * Returns the configuration.
         *
         * @throws AdapterException if the method or the targets were not set
         */
        public AdapterConfig build() {
            if (method == null || targets == null) {
                throw new AdapterException(
                        "an adapter configuration needs a method and targets; call setMethod and" + " setTargets");
            }
            return new AdapterConfig(name, method, patterns, Map.of(), targets, modulesToSave, seed);
        }
    }
}
