package org.bonepeft.djl;

import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.bonepeft.adapter.AdapterException;
import org.bonepeft.djl.backend.GraphRunner;
import org.bonepeft.peft.Targets;

/** Puts adapters into DJL models. */
public final class Adapters {
    private Adapters() {}

    /**
     * Freezes a model and gives some of its linear layers an adapter, which starts active and trainable. The model is
     * changed in place: each of these layers is replaced by an {@link AdaptedLinear} around it, wherever it stands, in
     * lists of children or in private fields. The base weights stay as they are. Any DJL training loop then trains the
     * adapter's parameters, and those of {@link AdapterConfig#modulesToSave}, alone.
     *
     * @param model a block whose parameters are initialized or loaded
     * @return the adapted model
     * @throws AdapterException if the targets match nothing or the method does not fit a layer; the model is then as it
     *     was before
     */
    public static AdaptedModel attach(Block model, AdapterConfig config) {
        BlockTree tree = new BlockTree(model);
        Map<String, Linear> linears = tree.linears();
        List<String> candidates = linears.keySet().stream()
                .filter(path -> config.modulesToSave().stream().noneMatch(module -> isWithin(path, module)))
                .toList();
        List<String> selected = config.targets().select(new ArrayList<>(candidates));
        Map<String, AdaptedLinear> adapted = new LinkedHashMap<>();
        IdentityHashMap<Linear, AdaptedLinear> known = new IdentityHashMap<>();
        for (String path : selected) {
            Linear linear = linears.get(path);
            AdaptedLinear layer = linear instanceof AdaptedLinear already
                    ? already
                    : known.computeIfAbsent(linear, base -> new AdaptedLinear(path, base, GraphRunner.opByOp()));
            config.method(path).check(layer.spec());
            if (layer.adapters().containsKey(config.name())) {
                throw new AdapterException(
                        path + " has an adapter '" + config.name() + "' already; remove it first or take another name");
            }
            adapted.put(path, layer);
        }
        List<Block> wholeModules = wholeModules(tree, config);
        model.getParameters().forEach(pair -> pair.getValue().freeze(true));
        SplittableRandom random = new SplittableRandom(config.seed());
        adapted.forEach((path, layer) -> {
            if (linears.get(path) != layer) {
                tree.replace(path, layer);
            }
            if (!layer.adapters().containsKey(config.name())) {
                layer.addAdapter(config.name(), config.method(path), random.split());
                layer.activate(List.of(config.name()));
            }
        });
        wholeModules.forEach(
                block -> block.getParameters().forEach(pair -> pair.getValue().freeze(false)));
        return new AdaptedModel(model, config, adapted);
    }

    private static List<Block> wholeModules(BlockTree tree, AdapterConfig config) {
        List<Block> modules = new ArrayList<>();
        for (String name : config.modulesToSave()) {
            List<Block> found = tree.blocks().entrySet().stream()
                    .filter(block -> Targets.matches(block.getKey(), name))
                    .map(Map.Entry::getValue)
                    .toList();
            if (found.isEmpty()) {
                throw new AdapterException("module to save '" + name + "' is not in the model; there are: "
                        + String.join(", ", tree.blocks().keySet()));
            }
            modules.addAll(found);
        }
        return modules;
    }

    private static boolean isWithin(String path, String module) {
        return ("." + path + ".").contains("." + module + ".");
    }
}
