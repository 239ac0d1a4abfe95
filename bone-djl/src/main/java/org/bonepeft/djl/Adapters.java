package org.bonepeft.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.bonepeft.adapter.AdapterException;
import org.bonepeft.peft.PeftAdapter;

/** Puts adapters into DJL models. */
public final class Adapters {
    private Adapters() {}

    /**
     * Freezes a model and gives some of its linear layers an adapter, which starts active and trainable. The model is
     * changed in place: each of these layers is replaced by an {@link AdaptedLinear} around it, wherever it stands, in
     * lists of children or in private fields. The base weights stay as they are. Any DJL training loop then trains the
     * adapter's parameters, and those of {@link AdapterConfig#modulesToSave}, alone.
     *
     * @param model a block whose parameters are initialized or loaded, without adapters
     * @return the adapted model, which takes further adapters by {@link AdaptedModel#add}
     * @throws AdapterException if the targets match nothing or the method does not fit a layer; the model is then as it
     *     was before
     */
    public static AdaptedModel attach(Block model, AdapterConfig config) {
        return attach(model, config, Map.of());
    }

    /**
     * Attaches adapters that start from the loss's first gradients: LoRA-GA. The weights' gradients live in arrays of
     * their own, which are gone when this returns; the model's weights are not touched.
     *
     * @param firstBatch runs the model forward on one batch with the parameter store that it is given, and the loss
     *     backward
     * @throws AdapterException as {@link #attach(Block, AdapterConfig)}, or if a layer got no gradient
     */
    public static AdaptedModel attach(Block model, AdapterConfig config, Consumer<ParameterStore> firstBatch) {
        Map<String, Linear> linears = new BlockTree(model).linears();
        List<String> selected = config.targets().select(candidates(linears, config));
        model.freezeParameters(true);
        try (FirstGradients gradients = FirstGradients.of(linears, selected)) {
            firstBatch.accept(gradients.store());
            return attach(model, config, gradients.collect());
        }
    }

    private static AdaptedModel attach(Block model, AdapterConfig config, Map<String, NDArray> gradients) {
        new BlockTree(model).linears().forEach((path, linear) -> {
            if (linear instanceof AdaptedLinear) {
                throw new AdapterException(
                        path + " is adapted already; add the next adapter with AdaptedModel.add, or unload first");
            }
        });
        WholeModules.find(model, config.modulesToSave());
        AdapterSelection selection = new AdapterSelection();
        Map<String, AdaptedLinear> layers = put(model, config, selection, gradients);
        model.freezeParameters(true);
        AdaptedModel adapted = new AdaptedModel(model, selection, layers, config);
        adapted.activate(config.name());
        return adapted;
    }

    /**
     * Puts an adapter that was read from files into a model, active and trainable, as {@link #attach(Block,
     * AdapterConfig)} does.
     *
     * @throws AdapterException if the adapter does not fit the model, or was trained beside another weight of the base;
     *     it names the layers, and the model is as it was
     */
    public static AdaptedModel attach(Block model, PeftAdapter adapter, String name) {
        PeftFiles.check(adapter, model, Parameter::getArray);
        AdaptedModel adapted = attach(model, AdapterConfig.of(adapter, name));
        adapted.assign(adapter, name);
        return adapted;
    }

    /** Puts an adapter on the layers that its targets select, and returns these, new and old. */
    static Map<String, AdaptedLinear> put(
            Block model, AdapterConfig config, AdapterSelection selection, Map<String, NDArray> gradients) {
        BlockTree tree = new BlockTree(model);
        Map<String, Linear> linears = tree.linears();
        Map<String, AdaptedLinear> adapted = new LinkedHashMap<>();
        IdentityHashMap<Linear, AdaptedLinear> known = new IdentityHashMap<>();
        for (String path : config.targets().select(candidates(linears, config))) {
            Linear linear = linears.get(path);
            AdaptedLinear layer = linear instanceof AdaptedLinear already
                    ? already
                    : known.computeIfAbsent(linear, base -> new AdaptedLinear(path, base, selection));
            config.method(path).check(layer.spec());
            adapted.put(path, layer);
        }
        start(adapted, config, gradients);
        adapted.forEach((path, layer) -> {
            if (linears.get(path) != layer) {
                tree.replace(path, layer);
            }
        });
        return adapted;
    }

    /** All layers get the adapter, or none does. */
    private static void start(Map<String, AdaptedLinear> layers, AdapterConfig config, Map<String, NDArray> gradients) {
        SplittableRandom random = new SplittableRandom(config.seed());
        List<AdaptedLinear> started = new ArrayList<>();
        try {
            layers.forEach((path, layer) -> {
                if (!started.contains(layer)) {
                    Optional<NDArray> gradient = Optional.ofNullable(gradients.get(path));
                    layer.addAdapter(config.name(), config.method(path), random.split(), gradient);
                    started.add(layer);
                }
            });
        } catch (RuntimeException e) {
            started.forEach(layer -> layer.takeAdapter(config.name()).close());
            throw e;
        }
    }

    private static List<String> candidates(Map<String, Linear> linears, AdapterConfig config) {
        return linears.keySet().stream()
                .filter(path -> config.modulesToSave().stream().noneMatch(module -> isWithin(path, module)))
                .toList();
    }

    private static boolean isWithin(String path, String module) {
        return ("." + path + ".").contains("." + module + ".");
    }
}
