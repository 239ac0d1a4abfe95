package org.bonepeft.djl;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.bonepeft.adapter.AdapterException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.AdapterParameter;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.djl.backend.GraphRunner;
import org.bonepeft.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * {@code y = x (W + DeltaW)^T + bias}: a frozen {@link Linear} with any number of named adapters, of which some are
 * active and act one after the other. It is a {@code Linear} and can stand wherever one stands.
 *
 * <p>x: [..., in]; y: [..., out]. The weight and bias are the {@link Parameter}s of the layer it replaces, not copies.
 * Adapter parameters are further parameters of this block, named {@code <adapter>.<parameter>}; their arrays belong to
 * the manager of the weight. Forward is safe from several threads while another one changes which adapters are active:
 * each call sees one consistent set.
 */
public final class AdaptedLinear extends Linear {
    private final LayerSpec spec;
    private final Linear base;
    private final Parameter weight;
    private final @Nullable Parameter bias;
    private final GraphRunner runner;
    private final Map<String, LayerAdapter> adapters = new LinkedHashMap<>();
    private volatile ActiveAdapters active;

    /**
     * Wraps a layer. The layer's own parameters are not frozen by this; {@link Adapters#attach} does that.
     *
     * @param path where the layer stands in its model
     * @throws AdapterException if the layer has no weight yet
     */
    AdaptedLinear(String path, Linear base, GraphRunner runner) {
        super(builder(path, base));
        this.base = base;
        this.runner = runner;
        parameters.putAll(directParameters(base));
        weight = weight(path, base);
        bias = parameters.get("bias");
        Shape shape = weight.getArray().getShape();
        DType type = weight.getArray().getDataType() == DataType.FLOAT64 ? DType.F64 : DType.F32;
        spec = new LayerSpec(path, shape.get(1), shape.get(0), bias != null, type, type);
        active = new ActiveAdapters(spec, List.of());
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
    public synchronized Map<String, LayerAdapter> adapters() {
        return new LinkedHashMap<>(adapters);
    }

    /** Returns the names of the active adapters, in the order in which they act. */
    public List<String> activeAdapters() {
        return active.adapters().stream().map(LayerAdapter::name).toList();
    }

    /**
     * Adds an adapter, not active yet, with freshly started parameters.
     *
     * @throws AdapterException if the method does not fit the layer, or there is an adapter of this name
     */
    public synchronized LayerAdapter addAdapter(String name, AdapterMethod method, RandomGenerator random) {
        if (adapters.containsKey(name)) {
            throw new AdapterException(
                    spec.path() + " has an adapter '" + name + "' already; remove it first or take another name");
        }
        method.check(spec);
        NDArray frozen = weight.getArray();
        NDManager manager = frozen.getManager();
        DataType type = spec.weightType() == DType.F64 ? DataType.FLOAT64 : DataType.FLOAT32;
        Map<String, Parameter> created = new LinkedHashMap<>();
        for (AdapterParameter wanted : method.parameters(spec)) {
            Shape shape = new Shape(wanted.shape().toArray());
            float[] start = wanted.initializer().initialize(wanted.shape(), random);
            NDArray array;
            // An array made from Java memory aliases it; the copy does not.
            try (NDArray aliased = manager.create(start, shape);
                    NDArray moved = aliased.toDevice(frozen.getDevice(), true);
                    NDArray typed = moved.toType(type, true)) {
                array = typed.duplicate();
            }
            array.attach(manager);
            Parameter parameter = Parameter.builder()
                    .setName(name + "." + wanted.name())
                    .setType(Parameter.Type.OTHER)
                    .build();
            parameter.setArray(array);
            parameter.freeze(false);
            created.put(wanted.name(), parameter);
        }
        LayerAdapter adapter = new LayerAdapter(name, method, created);
        adapters.put(name, adapter);
        created.values().forEach(parameter -> parameters.put(parameter.getName(), parameter));
        return adapter;
    }

    /**
     * Removes an adapter and closes its parameters.
     *
     * @throws AdapterException if there is none of this name
     */
    public synchronized void removeAdapter(String name) {
        LayerAdapter removed = adapter(name);
        activate(activeAdapters().stream().filter(other -> !other.equals(name)).toList());
        adapters.remove(name);
        removed.parameters().values().forEach(parameter -> {
            parameters.remove(parameter.getName());
            parameter.close();
        });
    }

    /**
     * Makes these adapters, and no others, act on the layer, in this order; calls that are under way finish with the
     * adapters that they began with.
     *
     * @throws AdapterException if there is none of such a name
     */
    public synchronized void activate(List<String> names) {
        List<LayerAdapter> chosen = new ArrayList<>();
        for (String name : names) {
            chosen.add(adapter(name));
        }
        active = new ActiveAdapters(spec, chosen);
    }

    private LayerAdapter adapter(String name) {
        @Nullable LayerAdapter adapter = adapters.get(name);
        if (adapter == null) {
            throw new AdapterException(spec.path() + " has no adapter '" + name + "'; it has " + adapters.keySet());
        }
        return adapter;
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store, NDList inputs, boolean training, @Nullable PairList<String, Object> params) {
        NDArray x = inputs.singletonOrThrow();
        Device device = x.getDevice();
        ActiveAdapters now = active;
        NDArray weightArray = store.getValue(weight, device, training);
        @Nullable NDArray biasArray = store.getValue(bias, device, training);
        if (now.adapters().isEmpty()) {
            return linear(x, weightArray, biasArray);
        }
        Shape shape = x.getShape();
        if (shape.get(shape.dimension() - 1) != spec.in()) {
            throw new AdapterException(spec.path() + " takes [..., " + spec.in() + "], was given " + shape);
        }
        Map<String, NDArray> values = new LinkedHashMap<>();
        values.put(LayerSpec.WEIGHT, weightArray);
        if (biasArray != null) {
            values.put(LayerSpec.BIAS, biasArray);
        }
        now.parameters().forEach((input, parameter) -> values.put(input, store.getValue(parameter, device, training)));
        long tokens = shape.size() / spec.in();
        boolean flat = shape.dimension() == 2;
        NDArray rows = flat ? x : x.reshape(tokens, spec.in());
        values.put(LayerSpec.X, rows);
        NDArray y = runner.run(now.graph(tokens, training), values, x.getManager());
        if (flat) {
            return new NDList(y);
        }
        try (rows;
                y) {
            return new NDList(y.reshape(getOutputShapes(new Shape[] {shape})[0]));
        }
    }

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
