package org.bonepeft.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.bonepeft.adapter.AdapterException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Dora;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.adapter.Lora;
import org.bonepeft.adapter.Olora;
import org.bonepeft.adapter.Pissa;
import org.bonepeft.peft.AdapterLayer;
import org.bonepeft.peft.AdapterTensor;
import org.bonepeft.peft.BaseWeight;
import org.bonepeft.peft.PeftAdapter;
import org.bonepeft.peft.PeftConfig;

/** Values of adapters between a DJL model and PEFT's files. */
final class PeftFiles {
    private PeftFiles() {}

    /**
     * A method with the start that the files say. What PEFT saves of PiSSA and OLoRA belongs on the residual weight, which
     * only their start can make again.
     */
    static AdapterMethod started(PeftAdapter adapter, AdapterMethod method) {
        String start = adapter.config().loraStart();
        if (method instanceof Dora dora) {
            return new Dora((Lora) started(adapter, dora.lora()));
        }
        if (!(method instanceof Lora lora)) {
            return method;
        }
        if (start.equals("pissa")) {
            return lora.withStart(new Pissa());
        }
        if (start.matches("pissa_niter_\\d+")) {
            return lora.withStart(new Pissa(Integer.parseInt(start.substring("pissa_niter_".length()))));
        }
        return start.equals("olora") ? lora.withStart(new Olora()) : lora;
    }

    /**
     * Checks that an adapter fits a model.
     *
     * @param base returns the base's values of a parameter
     */
    static void check(PeftAdapter adapter, Block model, Function<Parameter, NDArray> base) {
        BlockTree tree = new BlockTree(model);
        List<LayerSpec> specs = new ArrayList<>();
        tree.linears().forEach((path, linear) -> {
            Shape shape = linear.getDirectParameters().get("weight").getShape();
            specs.add(new LayerSpec(
                    path,
                    shape.get(1),
                    shape.get(0),
                    linear.getDirectParameters().contains("bias")));
        });
        List<String> problems = new ArrayList<>(adapter.problemsWith(specs));
        if (!adapter.base().isEmpty()) {
            problems.addAll(adapter.problemsWithBase(baseWeights(tree, base)));
        }
        if (!problems.isEmpty()) {
            throw new AdapterException("the adapter does not fit the model: "
                    + String.join("; ", problems.subList(0, Math.min(3, problems.size())))
                    + (problems.size() > 3 ? "; and " + (problems.size() - 3) + " more" : ""));
        }
    }

    private static Map<String, BaseWeight> baseWeights(BlockTree tree, Function<Parameter, NDArray> base) {
        Map<String, BaseWeight> weights = new LinkedHashMap<>();
        tree.blocks().forEach((path, block) -> block.getDirectParameters().forEach(pair -> {
            NDArray values = base.apply(pair.getValue());
            weights.put(
                    path + "." + pair.getKey(),
                    new BaseWeight(shape(values), (from, count) -> Values.floats(values, from, count)));
        }));
        return weights;
    }

    static void assign(PeftAdapter adapter, Map<String, AdaptedLinear> layers, String name) {
        adapter.layers().forEach((path, values) -> {
            AdaptedLinear layer = Objects.requireNonNull(layers.get(path));
            LayerAdapter target = Objects.requireNonNull(layer.adapters().get(name));
            values.parameters().forEach((label, tensor) -> {
                NDArray parameter =
                        Objects.requireNonNull(target.parameters().get(label)).getArray();
                overwrite(parameter, tensor);
            });
        });
    }

    static void assignWhole(PeftAdapter adapter, Map<String, NDArray> modules) {
        if (!modules.keySet().equals(adapter.saved().keySet())) {
            throw new AdapterException("the adapter saves the whole tensors "
                    + adapter.saved().keySet() + ", the model's modules have " + modules.keySet());
        }
        adapter.saved().forEach((path, tensor) -> overwrite(Objects.requireNonNull(modules.get(path)), tensor));
    }

    private static void overwrite(NDArray target, AdapterTensor tensor) {
        try (NDManager scratch = target.getManager().newSubManager()) {
            NDArray values =
                    scratch.create(tensor.values(), new Shape(tensor.shape().toArray()));
            NDArray moved = values.toDevice(target.getDevice(), false);
            Values.overwrite(
                    target, target.getDataType() == DataType.FLOAT64 ? moved.toType(DataType.FLOAT64, false) : moved);
        }
    }

    static PeftAdapter export(AdapterConfig config, Map<String, AdaptedLinear> layers, Map<String, NDArray> modules) {
        Map<String, AdapterLayer> exported = new LinkedHashMap<>();
        layers.forEach((path, layer) -> exported.put(
                path, export(path, Objects.requireNonNull(layer.adapters().get(config.name())))));
        Map<String, AdapterMethod> patterns = new LinkedHashMap<>();
        config.patterns().forEach((pattern, method) -> patterns.put(pattern, plain(method)));
        exported.forEach((path, layer) -> {
            if (!layer.method().equals(plain(config.method()))
                    && config.patterns().isEmpty()) {
                patterns.put(path.replace(".", "\\."), layer.method());
            }
        });
        Map<String, AdapterTensor> whole = new LinkedHashMap<>();
        modules.forEach((path, array) -> whole.put(path, tensor(array)));
        PeftConfig peft = PeftConfig.of(plain(config.method()), patterns, config.targets())
                .withModulesToSave(config.modulesToSave());
        return new PeftAdapter(peft, exported, whole);
    }

    private static AdapterLayer export(String path, LayerAdapter adapter) {
        Map<String, AdapterTensor> tensors = new LinkedHashMap<>();
        adapter.parameters().forEach((label, parameter) -> tensors.put(label, tensor(parameter.getArray())));
        if (adapter.residual().isEmpty()) {
            return new AdapterLayer(adapter.method(), tensors);
        }
        if (!(adapter.method() instanceof Lora)) {
            throw new AdapterException(path + ": " + adapter.method().name()
                    + " with a start from the weight has no form that works on the original base; merge it instead");
        }
        NDArray a = value(adapter, Lora.A);
        NDArray b = value(adapter, Lora.B);
        Map<String, NDArray> start = adapter.residual().get().start();
        NDArray a0 = Objects.requireNonNull(start.get(Lora.A));
        NDArray b0 = Objects.requireNonNull(start.get(Lora.B));
        try (NDArray stackedA = a.concat(a0, 0);
                NDArray minusB0 = b0.neg();
                NDArray stackedB = b.concat(minusB0, 1)) {
            return new AdapterLayer(
                    plain(adapter.method()), Map.of(Lora.A, tensor(stackedA), Lora.B, tensor(stackedB)));
        }
    }

    private static NDArray value(LayerAdapter adapter, String label) {
        return Objects.requireNonNull(adapter.parameters().get(label)).getArray();
    }

    /** A LoRA that starts from the weight as the LoRA of twice the rank and the same scale that replaces it. */
    private static AdapterMethod plain(AdapterMethod method) {
        if (method instanceof Lora lora && lora.changesWeight()) {
            int rank = 2 * lora.rank();
            double alpha = lora.scale() * (lora.rankStabilized() ? Math.sqrt(rank) : rank);
            return new Lora(rank, alpha, lora.rankStabilized(), lora.dropout());
        }
        return method;
    }

    private static AdapterTensor tensor(NDArray array) {
        return new AdapterTensor(shape(array), Values.floats(array));
    }

    private static org.bonepeft.tensor.Shape shape(NDArray array) {
        return org.bonepeft.tensor.Shape.of(array.getShape().getShape());
    }
}
