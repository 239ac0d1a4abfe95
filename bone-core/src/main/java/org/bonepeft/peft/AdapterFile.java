package org.bonepeft.peft;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.safetensors.TensorInfo;
import org.bonepeft.safetensors.TensorSource;
import org.bonepeft.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * An adapter directory that is open: everything about it is known and checked, its tensors are read when asked for.
 * {@link PeftAdapter} is the same all in memory.
 *
 * <p>Checked are: every key is a parameter of the method, or of {@code modules_to_save}, or a bias that was trained, or
 * a tensor of the base that PEFT puts beside adapters; no layer lacks a parameter; shapes agree with the rank and with
 * each other; no setting changes the meaning in a way that is not known here. Values are checked to be finite when they
 * are read.
 */
public final class AdapterFile implements Closeable {
    private final PeftConfig config;
    private final SafetensorsFile weights;
    private final Path path;
    private final Consumer<String> report;
    private final Map<String, AdapterMethod> methods = new LinkedHashMap<>();
    private final Map<String, Map<String, String>> keys = new LinkedHashMap<>();
    private final Map<String, String> saved = new LinkedHashMap<>();
    private final Map<String, String> base = new LinkedHashMap<>();

    private AdapterFile(AdapterDirectory.Opened opened, Consumer<String> report) {
        this.config = opened.config();
        this.weights = opened.weights();
        this.path = opened.path();
        this.report = report;
    }

    /**
     * Opens an adapter directory.
     *
     * @throws PeftException if there is anything in it that is not understood; the message names keys and near misses
     * @throws IOException if a file cannot be read
     */
    public static AdapterFile open(Path directory) throws IOException {
        AdapterDirectory.Opened opened = AdapterDirectory.open(directory);
        AdapterFile file = new AdapterFile(opened, problem -> {
            throw new PeftException(opened.path() + ": " + problem);
        });
        List<String> problems = file.classify();
        if (!problems.isEmpty()) {
            file.close();
            throw PeftException.of(opened.path().toString(), problems);
        }
        return file;
    }

    /**
     * Opens an adapter directory, leaving out what is not understood.
     *
     * @param report is told each problem, in one line
     */
    public static AdapterFile openLenient(Path directory, Consumer<String> report) throws IOException {
        AdapterFile file = new AdapterFile(AdapterDirectory.open(directory), report);
        file.classify().forEach(report);
        return file;
    }

    private List<String> classify() {
        List<String> problems = new ArrayList<>();
        config.type().notImplemented().stream()
                .filter(key -> config.value(key)
                        .filter(value -> !value.equals(config.type().defaults().get(key)))
                        .isPresent())
                .sorted()
                .forEach(key -> problems.add(config.wrong(key, "null or false; bone does not know the other values")
                        .getMessage()));
        LoraStarts.problem(config).ifPresent(problems::add);
        for (String key : weights.tensors().keySet()) {
            if (!assign(key)) {
                problems.add(unknown(key));
            }
        }
        base.entrySet().removeIf(tensor -> {
            boolean misplaced = !tensor.getValue().equals(PeftKeys.formatBase(tensor.getKey(), keys.keySet()));
            if (misplaced) {
                problems.add(unknown(tensor.getValue()));
            }
            return misplaced;
        });
        keys.forEach((layer, parameters) -> problems.addAll(check(layer, parameters)));
        if (keys.isEmpty() && problems.isEmpty()) {
            problems.add("there is no adapter in it at all");
        }
        keys.keySet().retainAll(methods.keySet());
        return problems;
    }

    private boolean assign(String key) {
        if (!key.startsWith(PeftKeys.PREFIX)) {
            return false;
        }
        String name = key.substring(PeftKeys.PREFIX.length());
        Optional<String> beside = PeftKeys.saved(config, name);
        if (beside.isPresent()) {
            return saved.put(beside.get(), key) == null;
        }
        Optional<String> below = PeftKeys.base(name);
        if (below.isPresent()) {
            return base.put(below.get(), key) == null;
        }
        Optional<PeftKeys.Parameter> parameter = PeftKeys.parse(config.type(), name);
        parameter.ifPresent(found -> keys.computeIfAbsent(found.path(), layer -> new LinkedHashMap<>())
                .put(found.name(), key));
        return parameter.isPresent();
    }

    private List<String> check(String layer, Map<String, String> parameters) {
        Map<String, Shape> shapes = shapes(parameters);
        AdapterMethod method = config.method(layer, PeftAdapter.hasBlocks(shapes));
        List<String> problems = LayerShapes.problems(layer, method, config.loraBias(), shapes);
        if (problems.isEmpty()) {
            methods.put(layer, method);
        }
        return problems;
    }

    private Map<String, Shape> shapes(Map<String, String> parameters) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        parameters.forEach(
                (parameter, key) -> shapes.put(parameter, weights.tensor(key).shape()));
        return shapes;
    }

    private String unknown(String key) {
        String quoted = "'" + key + "' ";
        if (!key.startsWith(PeftKeys.PREFIX)) {
            return quoted + "does not begin with " + PeftKeys.PREFIX;
        }
        if (key.contains(".base_layer.") || (key.endsWith(".weight") && !key.contains(".lora_"))) {
            return quoted + "is a weight of the base model, which modules_to_save " + config.modulesToSave()
                    + " does not name";
        }
        return quoted + "is no parameter of " + config.type() + "; expected " + PeftKeys.expected(config.type());
    }

    /** Returns the configuration. */
    public PeftConfig config() {
        return config;
    }

    /** Returns the method of each adapted layer, by its path. */
    public Map<String, AdapterMethod> methods() {
        return Collections.unmodifiableMap(methods);
    }

    /**
     * Returns the tensors of whole modules (and of trained biases), by their names in the base model; the name in the
     * {@link TensorInfo} is that in {@link #weights}.
     */
    public Map<String, TensorInfo> saved() {
        return infos(saved);
    }

    /**
     * Returns the tensors of the base that lie beside the adapter although they were not trained, by their names in the
     * base; see {@link PeftAdapter#base}.
     */
    public Map<String, TensorInfo> base() {
        return infos(base);
    }

    private Map<String, TensorInfo> infos(Map<String, String> names) {
        Map<String, TensorInfo> infos = new LinkedHashMap<>();
        names.forEach((name, key) -> infos.put(name, weights.tensor(key)));
        return infos;
    }

    /** Returns the file with all tensors. */
    public TensorSource weights() {
        return weights;
    }

    /**
     * Reads the adapter of a layer.
     *
     * @throws PeftException if there is none, or a value is not finite
     */
    public AdapterLayer layer(String layer) {
        @Nullable AdapterMethod method = methods.get(layer);
        @Nullable Map<String, String> parameters = keys.get(layer);
        if (method == null || parameters == null) {
            throw new PeftException(path + " has no adapter for " + layer);
        }
        Map<String, AdapterTensor> tensors = new LinkedHashMap<>();
        LayerShapes.parameters(layer, method, shapes(parameters))
                .forEach(parameter -> tensors.put(parameter, read(key(parameters, parameter))));
        Optional<AdapterTensor> bias =
                Optional.ofNullable(parameters.get(PeftKeys.LORA_BIAS)).map(this::read);
        return new AdapterLayer(method, tensors, bias);
    }

    private static String key(Map<String, String> parameters, String parameter) {
        return Optional.ofNullable(parameters.get(parameter)).orElseThrow();
    }

    /**
     * Reads a tensor of a whole module.
     *
     * @throws PeftException if there is none of this name, or a value is not finite
     */
    public AdapterTensor savedTensor(String name) {
        @Nullable String key = saved.get(name);
        if (key == null) {
            throw new PeftException(path + " has no saved tensor '" + name + "' but " + saved.keySet());
        }
        return read(key);
    }

    /**
     * Reads a tensor of the base.
     *
     * @throws PeftException if there is none of this name, or a value is not finite
     */
    AdapterTensor baseTensor(String name) {
        return read(key(base, name));
    }

    private AdapterTensor read(String key) {
        return AdapterTensor.read(weights, key, report);
    }

    /**
     * Returns what does not fit a model: adapters for layers that it does not have or of other sizes. Empty if all is
     * well.
     *
     * @param linears the linear layers of the model
     */
    public List<String> problemsWith(Collection<LayerSpec> linears) {
        return ModelFit.problems(methods, layerShapes(), linears);
    }

    /**
     * Returns what is wrong with the tensors of the base that lie beside the adapter: those that are not the model's
     * own. Empty if all is well.
     *
     * @param model tensors of the model by name
     */
    public List<String> problemsWithBase(Map<String, BaseWeight> model) {
        Map<String, BaseWeight> given = new LinkedHashMap<>();
        base().forEach((name, info) -> given.put(name, BaseWeight.of(weights, info)));
        return BaseFit.problems(given, model);
    }

    private Map<String, Map<String, Shape>> layerShapes() {
        Map<String, Map<String, Shape>> shapes = new LinkedHashMap<>();
        keys.forEach((layer, parameters) -> shapes.put(layer, shapes(parameters)));
        return shapes;
    }

    @Override
    public void close() {
        weights.close();
    }
}
