package org.bonepeft.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bonepeft.adapter.AdapterException;
import org.bonepeft.peft.Targets;
import org.jspecify.annotations.Nullable;

/**
 * Modules that adapters train whole, beside what they add to linear layers: a classifier, say. While an adapter is
 * active, the model's own parameters hold its values; the base's values are kept and come back when it is not.
 */
final class WholeModules {
    private final Block model;
    private final IdentityHashMap<Parameter, NDArray> base = new IdentityHashMap<>();
    private final Map<String, Map<String, Saved>> saved = new LinkedHashMap<>();
    private Optional<String> owner = Optional.empty();

    /** A parameter of the model and an adapter's values of it, as of when it was last inactive. */
    private record Saved(Parameter parameter, NDArray values) {}

    WholeModules(Block model) {
        this.model = model;
    }

    /** Finds the parameters of some modules by their paths in the model. */
    static Map<String, Parameter> find(Block model, List<String> names) {
        Map<String, Parameter> found = new LinkedHashMap<>();
        Map<String, Block> blocks = new BlockTree(model).blocks();
        for (String name : names) {
            List<String> paths = blocks.keySet().stream()
                    .filter(path -> Targets.matches(path, name))
                    .toList();
            if (paths.isEmpty()) {
                throw new AdapterException("module to save '" + name + "' is not in the model; there are: "
                        + String.join(", ", blocks.keySet()));
            }
            paths.forEach(module -> blocks.forEach((path, block) -> {
                if (path.equals(module) || path.startsWith(module + ".")) {
                    block.getDirectParameters().forEach(pair -> found.put(path + "." + pair.getKey(), pair.getValue()));
                }
            }));
        }
        return found;
    }

    void add(AdapterConfig config) {
        if (config.modulesToSave().isEmpty()) {
            return;
        }
        Map<String, Saved> own = new LinkedHashMap<>();
        find(model, config.modulesToSave()).forEach((path, parameter) -> {
            NDArray values =
                    base.computeIfAbsent(parameter, key -> key.getArray().duplicate());
            own.put(path, new Saved(parameter, values.duplicate()));
        });
        saved.put(config.name(), own);
    }

    /** Puts the values of the active adapter, or of the base, into the model. */
    void activate(List<String> names) {
        List<String> owners = names.stream().filter(saved::containsKey).toList();
        if (owners.size() > 1) {
            throw new AdapterException(
                    "adapters " + owners + " all train whole modules, of which only one can act; activate one of them");
        }
        Optional<String> next = owners.stream().findFirst();
        if (next.equals(owner)) {
            return;
        }
        owner.map(saved::get).ifPresent(own -> own.values()
                .forEach(module ->
                        Values.overwrite(module.values(), module.parameter().getArray())));
        base.forEach((parameter, values) -> {
            Values.overwrite(parameter.getArray(), values);
            parameter.freeze(true);
        });
        next.map(saved::get).ifPresent(own -> own.values().forEach(module -> {
            Values.overwrite(module.parameter().getArray(), module.values());
            module.parameter().freeze(false);
        }));
        owner = next;
    }

    /** The values that a parameter has when no adapter that trains it whole is active. */
    NDArray base(Parameter parameter) {
        @Nullable NDArray values = base.get(parameter);
        return values == null ? parameter.getArray() : values;
    }

    /** The parameters that an adapter trains whole, by path, with its values. */
    Map<String, NDArray> values(String name) {
        Map<String, NDArray> values = new LinkedHashMap<>();
        @Nullable Map<String, Saved> own = saved.get(name);
        if (own != null) {
            boolean live = owner.equals(Optional.of(name));
            own.forEach(
                    (path, module) -> values.put(path, live ? module.parameter().getArray() : module.values()));
        }
        return values;
    }

    void requireNone(Collection<String> names) {
        if (names.stream().anyMatch(saved::containsKey)) {
            throw new AdapterException("adapters that train whole modules cannot be mixed in a batch: "
                    + names.stream().filter(saved::containsKey).distinct().toList());
        }
    }

    void remove(String name) {
        if (owner.equals(Optional.of(name))) {
            activate(List.of());
        }
        @Nullable Map<String, Saved> own = saved.remove(name);
        if (own != null) {
            own.values().forEach(module -> module.values().close());
        }
    }

    void rename(String from, String to) {
        @Nullable Map<String, Saved> own = saved.remove(from);
        if (own != null) {
            saved.put(to, own);
        }
        owner = owner.map(name -> name.equals(from) ? to : name);
    }

    /** Closes the copies; the model keeps the values that it has. */
    void close() {
        base.values().forEach(NDArray::close);
        saved.values()
                .forEach(own -> own.values().forEach(module -> module.values().close()));
        base.clear();
        saved.clear();
        owner = Optional.empty();
    }
}
