package org.bonepeft.djl;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;
import org.bonepeft.adapter.AdapterException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.djl.backend.GraphCall;
import org.bonepeft.djl.backend.GraphRunner;
import org.bonepeft.djl.model.GraphLinear;
import org.bonepeft.djl.model.LayerRunner;
import org.bonepeft.djl.torch.Kernels;
import org.bonepeft.djl.torch.TorchGraphRunner;
import org.bonepeft.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * {@code y = x (W + DeltaW)^T + bias}: a frozen {@link Linear} with any number of named adapters, of which some are
 * active and act one after the other. It is a {@code Linear} and can stand wherever one stands.
 *
 * <p>x: [..., in]; y: [..., out]. The weight and bias are the {@link Parameter}s of the layer it replaces, not copies.
 * Adapter parameters are further parameters of this block, named {@code <adapter>.<parameter>}; their arrays belong to
 * the manager of the weight. Which adapters are active is the business of the {@link AdaptedModel}.
 */
public final class AdaptedLinear extends Linear implements GraphLinear {
    private final LayerSpec spec;
    private final Linear base;
    private final Parameter weight;
    private final @Nullable Parameter bias;
    private final GraphRunner runner;
    private final AdapterSelection selection;
    private final Map<Combination, ActiveAdapters> combinations = new ConcurrentHashMap<>();
    private volatile Map<String, LayerAdapter> adapters = Map.of();
    private volatile List<String> merged = List.of();

    /**
     * Wraps a layer, to be computed in one native call if the engine is PyTorch, else op by op. The layer's own
     * parameters are not frozen by this; {@link Adapters#attach} does that.
     *
     * @param path where the layer stands in its model
     * @throws AdapterException if the layer has no weight yet
     */
    AdaptedLinear(String path, Linear base, AdapterSelection selection) {
        this(
                path,
                base,
                selection,
                TorchGraphRunner.of(weight(path, base).getArray().getManager()));
    }

    AdaptedLinear(String path, Linear base, AdapterSelection selection, GraphRunner runner) {
        super(builder(path, base));
        this.base = base;
        this.runner = runner;
        this.selection = selection;
        parameters.putAll(directParameters(base));
        weight = weight(path, base);
        bias = parameters.get("bias");
        Shape shape = weight.getArray().getShape();
        DType type = Values.type(weight.getArray());
        spec = new LayerSpec(path, shape.get(1), shape.get(0), bias != null, type, type);
        inputShapes = new Shape[] {new Shape(1, spec.in())};
        inputNames = List.of("linearInput");
    }

    private static Builder builder(String path, Linear base) {
        return Linear.builder()
                .setUnits(weight(path, base).getArray().getShape().get(0))
                .optBias(directParameters(base).containsKey("bias"));
    }

    private static Parameter weight(String path, Linear base) {
        @Nullable Parameter weight = directParameters(base).get("weight");
        if (weight == null || !weight.isInitialized()) {
            throw new AdapterException(path + ": the layer has no weight yet; load or initialize the model first");
        }
        return weight;
    }

    private static Map<String, Parameter> directParameters(Linear linear) {
        Map<String, Parameter> parameters = new LinkedHashMap<>();
        linear.getDirectParameters().forEach(pair -> parameters.put(pair.getKey(), pair.getValue()));
        return parameters;
    }

    /** Returns the sizes and types of the frozen layer. */
    public LayerSpec spec() {
        return spec;
    }

    /** Returns the layer that was wrapped. */
    public Linear base() {
        return base;
    }

    /** Returns the adapters by name, active or not, in the order in which they were added. */
    public Map<String, LayerAdapter> adapters() {
        return adapters;
    }

    /** Returns the adapters whose DeltaW the weight holds now, in the order in which they were merged. */
    public List<String> mergedAdapters() {
        return merged;
    }

    void setMerged(List<String> names) {
        merged = List.copyOf(names);
    }

    AdapterSelection selection() {
        return selection;
    }

    GraphRunner runner() {
        return runner;
    }

    NDArray weightArray() {
        return weight.getArray();
    }

    /**
     * Adds an adapter with freshly started parameters.
     *
     * @param gradient the loss's first gradient of the weight, for LoRA-GA
     * @throws AdapterException if the method does not fit the layer, or there is an adapter of this name
     */
    LayerAdapter addAdapter(String name, AdapterMethod method, RandomGenerator random, Optional<NDArray> gradient) {
        if (adapters.containsKey(name)) {
            throw new AdapterException(
                    spec.path() + " has an adapter '" + name + "' already; remove it first or take another name");
        }
        method.check(spec);
        LayerAdapter adapter = AdapterStart.start(spec, method, weight.getArray(), gradient, name, random);
        putAdapter(name, adapter);
        return adapter;
    }

    private void putAdapter(String name, LayerAdapter adapter) {
        Map<String, LayerAdapter> more = new LinkedHashMap<>(adapters);
        more.put(name, adapter);
        adapters = Collections.unmodifiableMap(more);
        adapter.parameters().forEach((label, parameter) -> parameters.put(name + "." + label, parameter));
    }

    /** Takes an adapter out; its parameters stay open. */
    LayerAdapter takeAdapter(String name) {
        Map<String, LayerAdapter> fewer = new LinkedHashMap<>(adapters);
        @Nullable LayerAdapter taken = fewer.remove(name);
        if (taken == null) {
            throw new AdapterException(spec.path() + " has no adapter '" + name + "'; it has " + adapters.keySet());
        }
        adapters = Collections.unmodifiableMap(fewer);
        combinations.keySet().removeIf(combination -> combination.names().contains(name));
        taken.parameters().keySet().forEach(label -> parameters.remove(name + "." + label));
        return taken;
    }

    void renameAdapter(String from, String to) {
        putAdapter(to, takeAdapter(from));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store, NDList inputs, boolean training, @Nullable PairList<String, Object> params) {
        NDArray x = inputs.singletonOrThrow();
        AdapterSelection.State now = selection.current();
        if (now.rows().isPresent()) {
            return new NDList(forwardRows(store, x, now, training));
        }
        return new NDList(forward(store, x, now.active(), now.scales(), training));
    }

    /** Each row of the batch with its own adapter: rows with the same one go through together. */
    private NDArray forwardRows(ParameterStore store, NDArray x, AdapterSelection.State now, boolean training) {
        List<String> rows = now.rows().orElseThrow();
        long batch = x.getShape().get(0);
        if (rows.size() != batch) {
            throw new AdapterException("the batch has " + batch + " rows, but adapters are named for " + rows.size());
        }
        Map<String, List<Long>> groups = new LinkedHashMap<>();
        for (int i = 0; i < rows.size(); i++) {
            groups.computeIfAbsent(rows.get(i), name -> new ArrayList<>()).add((long) i);
        }
        NDManager manager = x.getManager();
        NDList parts = new NDList();
        List<Long> order = new ArrayList<>();
        groups.forEach((name, members) -> {
            NDArray index = manager.create(longs(members)).toDevice(x.getDevice(), false);
            NDArray part = x.get(index);
            List<String> active = name.isEmpty() ? List.of() : List.of(name);
            parts.add(forward(store, part, active, now.scales(), training));
            order.addAll(members);
        });
        long[] back = new long[rows.size()];
        for (int i = 0; i < back.length; i++) {
            back[Math.toIntExact(order.get(i))] = i;
        }
        return NDArrays.concat(parts, 0).get(manager.create(back).toDevice(x.getDevice(), false));
    }

    private static long[] longs(List<Long> values) {
        return values.stream().mapToLong(Long::longValue).toArray();
    }

    private NDArray forward(
            ParameterStore store, NDArray x, List<String> active, Map<String, Double> scales, boolean training) {
        Device device = x.getDevice();
        Shape shape = x.getShape();
        if (shape.dimension() == 0 || shape.get(shape.dimension() - 1) != spec.in()) {
            throw new AdapterException(spec.path() + " takes [..., " + spec.in() + "], was given " + shape);
        }
        DType type = Values.type(x);
        Acting acting = acting(active, scales);
        if (acting.names().isEmpty() && type == spec.weightType()) {
            @Nullable NDArray biasArray = store.getValue(bias, device, training);
            return Kernels.of(x.getManager())
                    .linear(x, store.getValue(weight, device, training), Optional.ofNullable(biasArray));
        }
        long tokens = shape.size() / spec.in();
        boolean flat = shape.dimension() == 2;
        NDArray rows = flat ? x : x.reshape(tokens, spec.in());
        GraphCall call = call(store, new Rows(tokens, type, device, x.getManager()), acting, training);
        call.values().put(LayerSpec.X, rows);
        NDArray y = runner.run(call.graph(), call.values(), x.getManager());
        if (flat) {
            return y;
        }
        try (rows;
                y) {
            return y.reshape(getOutputShapes(new Shape[] {shape})[0]);
        }
    }

    @Override
    public Optional<GraphCall> graphCall(ParameterStore store, Rows x, boolean training) {
        AdapterSelection.State now = selection.current();
        return now.rows().isPresent()
                ? Optional.empty()
                : Optional.of(call(store, x, acting(now.active(), now.scales()), training));
    }

    /** The adapters that act in one call, whatever other threads add and remove meanwhile. */
    private record Acting(List<String> names, List<LayerAdapter> adapters, Map<String, Double> scales) {}

    private Acting acting(List<String> active, Map<String, Double> scales) {
        Map<String, LayerAdapter> known = adapters;
        List<String> done = merged;
        List<String> names = new ArrayList<>();
        List<LayerAdapter> acting = new ArrayList<>();
        for (String name : active) {
            @Nullable LayerAdapter adapter = known.get(name);
            if (adapter != null && !done.contains(name)) {
                names.add(name);
                acting.add(adapter);
            }
        }
        return new Acting(List.copyOf(names), List.copyOf(acting), scales);
    }

    private GraphCall call(ParameterStore store, Rows x, Acting acting, boolean training) {
        ActiveAdapters adapted = combinations.computeIfAbsent(
                new Combination(acting.names(), acting.adapters(), x.type()),
                combination -> new ActiveAdapters(
                        spec.withTypes(spec.weightType(), combination.type()),
                        combination.names(),
                        combination.adapters()));
        Map<String, NDArray> values = new LinkedHashMap<>();
        values.put(
                LayerSpec.WEIGHT,
                adapted.residual().isPresent()
                        ? adapted.residual().get().weight()
                        : store.getValue(weight, x.device(), training));
        @Nullable NDArray biasArray = store.getValue(bias, x.device(), training);
        if (biasArray != null) {
            values.put(LayerSpec.BIAS, biasArray);
        }
        adapted.inputs().forEach((input, source) -> {
            NDArray value = store.getValue(source.parameter(), x.device(), training);
            values.put(input, source.scaled(value, acting.scales(), x.owner()));
        });
        ActiveAdapters.Forward forward = adapted.forward(x.tokens(), training);
        if (training && forward.keepsWeight()) {
            LayerRunner.tellWeightIsKept();
        }
        return new GraphCall(forward.graph(), values);
    }

    /** Names alone would not do: one may be given to another adapter. */
    private record Combination(List<String> names, List<LayerAdapter> adapters, DType type) {}

    @Override
    public void prepare(Shape[] shapes) {}

    @Override
    protected void saveMetadata(DataOutputStream os) throws IOException {
        os.writeLong(spec.out());
        os.writeLong(spec.in());
        os.write(new Shape(1).getEncoded());
    }

    @Override
    public void loadMetadata(byte loadVersion, DataInputStream is) throws IOException {
        long out = is.readLong();
        long in = is.readLong();
        Shape.decode(is);
        if (out != spec.out() || in != spec.in()) {
            throw new AdapterException(spec.path() + ": the file has a layer (in " + in + ", out " + out
                    + "), expected (in " + spec.in() + ", out " + spec.out() + ")");
        }
    }
}
