package org.bonepeft.peft;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bonepeft.adapter.AdapterException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.safetensors.Names;
import org.bonepeft.tensor.Shape;
import org.jspecify.annotations.Nullable;

/** Whether the layers of an adapter are those of a model. */
final class ModelFit {
    private ModelFit() {}

    /** Returns what is wrong with the layers that have an adapter. */
    static List<String> problems(
            Map<String, AdapterMethod> methods, Map<String, Map<String, Shape>> shapes, Collection<LayerSpec> linears) {
        Map<String, LayerSpec> byPath = new LinkedHashMap<>();
        linears.forEach(layer -> byPath.put(layer.path(), layer));
        List<String> problems = new ArrayList<>();
        methods.forEach((path, method) -> {
            @Nullable LayerSpec layer = byPath.get(path);
            if (layer == null) {
                problems.add("the model has no linear layer '" + path + "'"
                        + (path.endsWith("lm_head") ? " (one that is tied to the embeddings takes no adapter)" : "")
                        + "; " + Names.nearMisses(path, byPath.keySet()));
            } else {
                problems.addAll(LayerShapes.problems(layer, method, shapes.getOrDefault(path, Map.of())));
            }
        });
        return problems;
    }

    /** Returns what is wrong with the layers that should have an adapter. */
    static List<String> missing(PeftConfig config, Collection<String> adapted, Collection<LayerSpec> linears) {
        List<String> paths = linears.stream().map(LayerSpec::path).toList();
        List<String> problems = new ArrayList<>();
        for (String path : targeted(config, paths, problems)) {
            if (!adapted.contains(path)) {
                problems.add(path + " is targeted but has no adapter in the file");
            }
        }
        return problems;
    }

    private static List<String> targeted(PeftConfig config, Collection<String> paths, List<String> problems) {
        List<String> candidates = paths.stream()
                .filter(path -> config.modulesToSave().stream()
                        .noneMatch(module -> ("." + path + ".").contains("." + module + ".")))
                .toList();
        try {
            return config.targets().select(candidates);
        } catch (AdapterException e) {
            problems.add(String.valueOf(e.getMessage()));
            return List.of();
        }
    }
}
