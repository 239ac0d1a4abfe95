package org.bonepeft.peft;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.bonepeft.adapter.AdapterException;

/**
 * Which linear layers get an adapter, by PEFT's rules. A list entry matches a layer whose path equals it or ends with a
 * dot and it; a pattern matches a layer whose whole path it matches; "all-linear" is every layer but the output head.
 *
 * <p>Stricter than PEFT in one thing: a list entry that matches no layer is an error, not silence.
 *
 * @param names list entries; empty if there is a pattern, or for all-linear
 * @param pattern a regular expression for whole paths
 * @param excludes list entries of layers left out, whatever else matches
 * @param excludesPattern a regular expression for whole paths of layers left out
 * @param layers if not empty, only layers with these indices; with {@code names} only
 * @param layersPattern the path components before the index, for example {@code layers}; empty: any
 */
public record Targets(
        List<String> names,
        Optional<String> pattern,
        List<String> excludes,
        Optional<String> excludesPattern,
        List<Integer> layers,
        List<String> layersPattern) {
    /** PEFT's word for every linear layer but the output head. */
    public static final String ALL_LINEAR = "all-linear";

    private static final List<String> HEADS = List.of("lm_head", "head", "classifier", "score", "qa_outputs");

    /** Checks that the rules do not contradict each other. */
    public Targets {
        names = List.copyOf(names);
        excludes = List.copyOf(excludes);
        layers = List.copyOf(layers);
        layersPattern = List.copyOf(layersPattern);
        if (!layers.isEmpty() && names.isEmpty()) {
            throw new AdapterException("layers_to_transform works with a list of target modules only");
        }
        pattern.ifPresent(PathPattern::whole);
        excludesPattern.ifPresent(PathPattern::whole);
        layersPattern.forEach(Targets::inLayersOf);
    }

    /** Returns the layers that equal or end with one of these names; {@code all-linear} alone means all. */
    public static Targets of(String... names) {
        return of(List.of(names));
    }

    /** Returns the layers that equal or end with one of these names; {@code all-linear} alone means all. */
    public static Targets of(List<String> names) {
        boolean all = names.equals(List.of(ALL_LINEAR));
        if (names.isEmpty()) {
            throw new AdapterException("no target modules given; name some, or say " + ALL_LINEAR);
        }
        return new Targets(
                all ? List.of() : names, Optional.empty(), List.of(), Optional.empty(), List.of(), List.of());
    }

    /** Returns the layers whose whole path matches a regular expression; {@code all-linear} means all. */
    public static Targets matching(String pattern) {
        return new Targets(
                List.of(),
                pattern.equalsIgnoreCase(ALL_LINEAR) ? Optional.empty() : Optional.of(pattern),
                List.of(),
                Optional.empty(),
                List.of(),
                List.of());
    }

    /** Returns these targets less the layers that equal or end with one of these names. */
    public Targets excluding(List<String> excluded) {
        return new Targets(names, pattern, excluded, excludesPattern, layers, layersPattern);
    }

    /** Returns these targets less the layers whose whole path matches a regular expression. */
    public Targets excludingMatching(String excluded) {
        return new Targets(names, pattern, excludes, Optional.of(excluded), layers, layersPattern);
    }

    /**
     * Returns these targets within some layers of the model only.
     *
     * @param indices the layers' indices
     * @param patterns the path components before the index, for example {@code layers}; empty: any
     */
    public Targets inLayers(List<Integer> indices, List<String> patterns) {
        return new Targets(names, pattern, excludes, excludesPattern, indices, patterns);
    }

    /**
     * Returns the layers that get an adapter, in the order given.
     *
     * @param paths all linear layers
     * @throws AdapterException if nothing matches, or a list entry matches nothing; it lists what there is
     */
    public List<String> select(List<String> paths) {
        for (String name : names) {
            if (paths.stream().noneMatch(path -> matches(path, name))) {
                throw nothing("target module '" + name + "' matches", paths);
            }
        }
        List<String> selected = paths.stream().filter(this::selects).toList();
        if (selected.isEmpty()) {
            throw nothing("the target modules " + describe() + " match", paths);
        }
        return selected;
    }

    private boolean selects(String path) {
        if (excludes.stream().anyMatch(name -> matches(path, name))
                || excludesPattern
                        .filter(excluded -> PathPattern.whole(excluded).matches(path))
                        .isPresent()) {
            return false;
        }
        if (pattern.isPresent()) {
            return PathPattern.whole(pattern.get()).matches(path);
        }
        if (names.isEmpty()) {
            return HEADS.stream()
                    .noneMatch(head -> List.of(path.split("\\.", -1)).contains(head));
        }
        return names.stream().anyMatch(name -> matches(path, name)) && inLayers(path);
    }

    /** Returns whether a list entry means a module: it is its path, or the last parts of it. */
    public static boolean matches(String path, String name) {
        return path.equals(name) || path.endsWith("." + name);
    }

    private boolean inLayers(String path) {
        if (layers.isEmpty()) {
            return true;
        }
        List<String> patterns = layersPattern.isEmpty() ? List.of("[^.]*") : layersPattern;
        for (String component : patterns) {
            Optional<String> index = inLayersOf(component).group(path, "layer");
            if (index.isPresent()) {
                return layers.contains(Integer.parseInt(index.get()));
            }
        }
        return false;
    }

    private static PathPattern inLayersOf(String component) {
        return PathPattern.whole("(?:.*?\\.)?" + component + "\\.(?<layer>\\d{1,9})\\..*");
    }

    private String describe() {
        String what = pattern.map(text -> "'" + text + "'").orElse(names.isEmpty() ? ALL_LINEAR : names.toString());
        return what
                + (excludes.isEmpty() ? "" : " without " + excludes)
                + excludesPattern.map(text -> " without '" + text + "'").orElse("")
                + (layers.isEmpty() ? "" : " in layers " + layers);
    }

    /** Lists layers with their indices as {@code *}, so that a model of 32 layers fits into two lines. */
    private static AdapterException nothing(String what, List<String> paths) {
        List<String> kinds = new ArrayList<>(paths.stream()
                .map(path -> path.replaceAll("(^|\\.)\\d+(?=\\.)", "$1*"))
                .collect(Collectors.groupingBy(kind -> kind, java.util.LinkedHashMap::new, Collectors.counting()))
                .entrySet()
                .stream()
                .map(kind -> kind.getKey() + (kind.getValue() > 1 ? " (" + kind.getValue() + ")" : ""))
                .toList());
        return new AdapterException(
                what + " no linear layer; there are: " + (kinds.isEmpty() ? "none at all" : String.join(", ", kinds)));
    }
}
