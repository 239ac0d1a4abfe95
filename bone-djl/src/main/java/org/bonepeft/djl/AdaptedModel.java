package org.bonepeft.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.bonepeft.adapter.AdapterException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.peft.PeftAdapter;

/**
 * A DJL model with named adapters in it. The block is the user's own, changed in place.
 *
 * <p>Adapters that act on one layer do so in the order of {@link #activate}: the second sees the weight that the first
 * one made. A change of what is active takes effect with the next call; {@link #forward} sees one consistent choice in
 * all layers, also while other threads change it. Adding, removing, merging and unmerging need that no call is under
 * way.
 */
public final class AdaptedModel {
    private final Block block;
    private final AdapterSelection selection;
    private final NamedAdapters adapters;
    private final WholeModules wholeModules;
    private final Merger merger;

    AdaptedModel(Block block, AdapterSelection selection, Map<String, AdaptedLinear> layers, AdapterConfig first) {
        this.block = block;
        this.selection = selection;
        this.adapters = new NamedAdapters(layers, first);
        this.wholeModules = new WholeModules(block);
        this.merger = new Merger(adapters.layers());
        wholeModules.add(first);
    }

    /** Returns the model. */
    public Block block() {
        return block;
    }

    /** Returns the adapted layers by path. */
    public Map<String, AdaptedLinear> layers() {
        return adapters.layers();
    }

    /** Returns the adapters' names, in the order in which they were added. */
    public Set<String> adapters() {
        return adapters.names();
    }

    /**
     * Returns how an adapter was put in.
     *
     * @throws AdapterException if there is none of this name
     */
    public AdapterConfig config(String name) {
        return adapters.config(name);
    }

    /**
     * Adds another adapter, on the same or other layers, with the same or another method. It starts inactive.
     *
     * @throws AdapterException as {@link Adapters#attach}
     */
    public void add(AdapterConfig config) {
        adapters.requireFree(config.name());
        requireUnmerged("add an adapter");
        WholeModules.find(block, config.modulesToSave());
        adapters.add(config, Adapters.put(block, config, selection, Map.of()));
        wholeModules.add(config);
        adapters.train(active());
    }

    /**
     * Adds an adapter that was read from files. It starts inactive.
     *
     * @throws AdapterException if it does not fit the model, or was trained beside another weight of the base; it names
     *     the layers, and nothing is changed
     */
    public void add(PeftAdapter adapter, String name) {
        requireUnmerged("add an adapter");
        PeftFiles.check(adapter, block, wholeModules::base);
        add(AdapterConfig.of(adapter, name));
        assign(adapter, name);
    }

    void assign(PeftAdapter adapter, String name) {
        PeftFiles.assign(adapter, layersOf(name), name);
        Map<String, NDArray> whole = wholeModules.values(name);
        PeftFiles.assignWhole(adapter, whole);
    }

    /**
     * Adds an adapter that does what several together do: {@code DeltaW = sum_k w_k DeltaW_k}, exactly. Equal Bones and
     * MiSS-minis add up element by element; LoRAs, and mixtures, become one LoRA whose rank is the sum of ranks. It
     * starts inactive.
     *
     * @param name of the new adapter
     * @param weights by the names of adapters that are on the same layers
     * @throws AdapterException if a method depends on the weight, or the layers differ; nothing is changed then
     */
    public void addWeightedSum(String name, Map<String, Double> weights) {
        addWeightedSum(name, weights, OptionalInt.empty());
    }

    /**
     * Adds a LoRA of a given rank that is nearest to a weighted sum, by singular value decomposition.
     *
     * @return the largest error of a layer: the Frobenius norm of what was lost, relative to the sum's
     * @throws AdapterException as {@link #addWeightedSum(String, Map)}, or if the rank is too large for a layer
     */
    public double addWeightedSum(String name, Map<String, Double> weights, int rank) {
        return addWeightedSum(name, weights, OptionalInt.of(rank));
    }

    private double addWeightedSum(String name, Map<String, Double> weights, OptionalInt rank) {
        if (weights.isEmpty()) {
            throw new AdapterException("a weighted sum needs adapters; there are " + adapters());
        }
        List<String> names = List.copyOf(weights.keySet());
        Map<String, AdaptedLinear> shared = adapters.sharedLayers(names);
        wholeModules.requireNone(names);
        try (NDManager scratch =
                shared.values().iterator().next().weightArray().getManager().newSubManager()) {
            Map<String, AdapterMethod> methods = new LinkedHashMap<>();
            Map<String, Map<String, NDArray>> values = new LinkedHashMap<>();
            double error = 0;
            for (Map.Entry<String, AdaptedLinear> layer : shared.entrySet()) {
                WeightedSum.Result sum = WeightedSum.of(layer.getValue(), weights, rank, scratch);
                methods.put(layer.getKey(), sum.method());
                values.put(layer.getKey(), sum.parameters());
                error = Math.max(error, sum.error());
            }
            add(config(names.get(0)).withMethods(name, methods));
            replace(name, values);
            return error;
        }
    }

    /**
     * Returns an adapter as PEFT keeps it. PiSSA, OLoRA and LoRA-GA become a plain LoRA of twice the rank, which gives
     * the same model on the original base: {@code A' = [A; A0]}, {@code B' = [B, -B0]}.
     */
    public PeftAdapter export(String name) {
        return PeftFiles.export(config(name), layersOf(name), wholeModules.values(name));
    }

    /**
     * Writes an adapter into a directory that PEFT reads; atomically, see {@link PeftAdapter#write}.
     *
     * @throws IOException if the disk fails; the directory then holds what it held
     */
    public void save(String name, Path directory) throws IOException {
        export(name).write(directory);
    }

    /** Returns the names of the active adapters, in the order in which they act. */
    public List<String> active() {
        return selection.shared().active();
    }

    /**
     * Makes these adapters, and no others, act, in this order; none at all if no name is given. Their parameters are
     * trainable, those of others are not.
     *
     * @throws AdapterException if there is none of such a name, or adapters are merged
     */
    public void activate(String... names) {
        requireUnmerged("change what is active");
        List.of(names).forEach(this::config);
        selection.set(selection.shared().withActive(List.of(names)));
        wholeModules.activate(List.of(names));
        adapters.train(List.of(names));
    }

    /**
     * Multiplies what an adapter does by a factor, until it is changed again.
     *
     * @throws AdapterException if the adapter's method is not linear in a parameter (Bat and its relatives, DoRA)
     */
    public void scale(String name, double factor) {
        AdapterConfig config = config(name);
        layersOf(name).forEach((path, layer) -> {
            AdapterMethod method = config.method(path);
            if (method.linearParameter().isEmpty()) {
                throw new AdapterException(path + ": " + method.name()
                        + " depends on the weight and cannot be scaled; only additive methods can");
            }
        });
        requireUnmerged("scale an adapter");
        selection.set(selection.shared().withScale(name, factor));
    }

    /** Takes an adapter out and closes its parameters, which no call may be using then. */
    public void remove(String name) {
        config(name);
        requireUnmerged("remove an adapter");
        selection.set(selection.shared().without(name));
        wholeModules.remove(name);
        adapters.remove(name);
    }

    /** Gives an adapter another name. */
    public void rename(String from, String to) {
        config(from);
        adapters.requireFree(to);
        requireUnmerged("rename an adapter");
        adapters.rename(from, to);
        wholeModules.rename(from, to);
        selection.set(selection.shared().renamed(from, to));
    }

    /**
     * Overwrites an adapter's parameters with others of the same shapes, in place: nothing is rebuilt, and an optimizer
     * goes on with it.
     *
     * @param values by layer path and parameter name; all parameters of the adapter
     * @throws AdapterException if one is missing, unknown, or of another shape; nothing is changed then
     */
    public void replace(String name, Map<String, Map<String, NDArray>> values) {
        config(name);
        requireUnmerged("replace an adapter");
        adapters.replace(name, values);
    }

    /** Returns the layers that an adapter is on, by path. */
    public Map<String, AdaptedLinear> layersOf(String name) {
        return adapters.layersOf(name);
    }

    /**
     * Switches all adapters off until the scope is closed; merged ones are unmerged meanwhile.
     *
     * <pre>{@code
     * try (AdaptedModel.Scope base = model.disabled()) {
     *     ... // the base model, exactly
     * }
     * }</pre>
     */
    public Scope disabled() {
        AdapterSelection.State before = selection.shared();
        List<String> merged = merger.merged();
        boolean keepsCopy = merger.keepsCopy();
        if (!merged.isEmpty()) {
            unmerge();
        }
        selection.set(before.withActive(List.of()));
        wholeModules.activate(List.of());
        return () -> {
            selection.set(before);
            wholeModules.activate(before.active());
            if (!merged.isEmpty()) {
                merge(keepsCopy);
            }
        };
    }

    /** Something to undo; closing it throws nothing. */
    public interface Scope extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Runs the model with one choice of adapters in all layers, whatever other threads change meanwhile.
     *
     * @param training whether dropout is active
     */
    public NDList forward(ParameterStore store, NDList inputs, boolean training) {
        return selection.pin(selection.current(), () -> block.forward(store, inputs, training));
    }

    /**
     * Runs a batch of which each row has its own adapter; the result is that of each row alone.
     *
     * @param rows an adapter's name for each index of the inputs' first dimension; an empty name for the base model
     */
    public NDList forward(ParameterStore store, NDList inputs, boolean training, List<String> rows) {
        requireUnmerged("mix adapters in a batch");
        rows.stream().filter(name -> !name.isEmpty()).forEach(this::config);
        wholeModules.requireNone(rows);
        return selection.pin(selection.current().withRows(rows), () -> block.forward(store, inputs, training));
    }

    /**
     * Adds the active adapters' DeltaW to the base weights, in the order in which they act. Afterwards the model costs
     * what the base model costs.
     *
     * @param keepCopy whether to keep a copy of each weight, from which {@link #unmerge} restores the very bits;
     *     otherwise it inverts the merge, and keeps copies only of weights whose merge has no inverse
     * @return by layer, how far the weights that {@link #unmerge} will restore are from those of now
     * @throws AdapterException if a merged weight is not finite; it names the layer, and all weights are as before
     */
    public Map<String, Double> merge(boolean keepCopy) {
        return merger.merge(selection.shared(), keepCopy);
    }

    /** Undoes {@link #merge}: from the copies if it kept them, else by the inverse, last merged first. */
    public void unmerge() {
        merger.unmerge(selection.shared());
    }

    /** Returns the adapters that the base weights hold now, in the order in which they were merged. */
    public List<String> merged() {
        return merger.merged();
    }

    /**
     * Merges the active adapters, takes all adapters out, and puts the plain layers back where they were.
     *
     * @return the model, without a trace of adapters; all its parameters are frozen
     */
    public Block mergeAndUnload() {
        if (merger.merged().isEmpty()) {
            merge(false);
        }
        return unload();
    }

    /** Takes all adapters out and puts the plain layers back; merged weights stay merged. */
    public Block unload() {
        BlockTree tree = new BlockTree(block);
        layers().forEach((path, layer) -> {
            layer.adapters().values().forEach(LayerAdapter::close);
            tree.replace(path, layer.base());
        });
        if (merger.merged().isEmpty()) {
            wholeModules.activate(List.of());
        }
        merger.close();
        wholeModules.close();
        adapters.clear();
        return block;
    }

    private void requireUnmerged(String what) {
        if (!merger.merged().isEmpty()) {
            throw new AdapterException(
                    "cannot " + what + " while " + merger.merged() + " are merged; call unmerge first");
        }
    }

    /** Returns what is on a layer and what it does there, for each layer. */
    public Map<String, LayerStatus> status() {
        return ModelSummary.status(layers(), active());
    }

    /**
     * The state of one layer.
     *
     * @param adapters method names by adapter name
     * @param active those that act, in order
     * @param merged those that the weight holds
     */
    public record LayerStatus(Map<String, String> adapters, List<String> active, List<String> merged) {}

    /** Returns the parameters that training changes, by DJL's names. */
    public Map<String, Parameter> trainableParameters() {
        return ModelSummary.trainable(block);
    }

    /** Returns the number of elements that training changes. */
    public long trainableCount() {
        return ModelSummary.count(trainableParameters().values());
    }

    /** Returns the number of elements of all parameters, adapters included. */
    public long totalCount() {
        return ModelSummary.count(block.getParameters().values());
    }

    /**
     * Returns for example {@code trainable 294,912 of 124,940,546 parameters (0.24 %)}.
     *
     * @param perLayer whether a line for each adapted layer follows
     */
    public String summary(boolean perLayer) {
        String total = ModelSummary.total(trainableCount(), totalCount());
        return perLayer ? total + ModelSummary.perLayer(layers()) : total;
    }
}
