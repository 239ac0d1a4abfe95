package org.bonepeft.peft;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.safetensors.TensorData;
import org.bonepeft.tensor.Shape;

/**
 * An adapter as it is kept in a directory that Hugging Face PEFT reads: {@code adapter_config.json} and
 * {@code adapter_model.safetensors}.
 *
 * @param config which method, which layers
 * @param layers the adapters by the paths of their layers, for example {@code model.layers.0.self_attn.q_proj}
 * @param saved whole tensors of the base that were trained, by their names there, for example {@code lm_head.weight}
 * @param base tensors of the base that were not trained, by their names there. PEFT saves the weight of an adapted
 *     {@code lm_head} too, and puts it into the model that it loads the adapter into; here they are held against the
 *     model's own, see {@link #problemsWithBase}
 */
public record PeftAdapter(
        PeftConfig config,
        Map<String, AdapterLayer> layers,
        Map<String, AdapterTensor> saved,
        Map<String, AdapterTensor> base) {
    /** Copies the maps. */
    public PeftAdapter {
        layers = Collections.unmodifiableMap(new LinkedHashMap<>(layers));
        saved = Collections.unmodifiableMap(new LinkedHashMap<>(saved));
        base = Collections.unmodifiableMap(new LinkedHashMap<>(base));
    }

    /** Creates an adapter without tensors of the base. */
    public PeftAdapter(PeftConfig config, Map<String, AdapterLayer> layers, Map<String, AdapterTensor> saved) {
        this(config, layers, saved, Map.of());
    }

    /**
     * Reads an adapter directory. F16, BF16 and F64 files become float32.
     *
     * @throws PeftException if there is anything in it that is not understood, or a value is not finite
     * @throws IOException if a file cannot be read
     */
    public static PeftAdapter read(Path directory) throws IOException {
        try (AdapterFile file = AdapterFile.open(directory)) {
            return read(file);
        }
    }

    /**
     * Reads what is understood of an adapter directory.
     *
     * @param report is told of everything that {@link #read} would refuse, a line each
     */
    public static PeftAdapter readLenient(Path directory, Consumer<String> report) throws IOException {
        try (AdapterFile file = AdapterFile.openLenient(directory, report)) {
            return read(file);
        }
    }

    private static PeftAdapter read(AdapterFile file) {
        Map<String, AdapterLayer> layers = new LinkedHashMap<>();
        file.methods().keySet().forEach(path -> layers.put(path, file.layer(path)));
        Map<String, AdapterTensor> saved = new LinkedHashMap<>();
        file.saved().keySet().forEach(name -> saved.put(name, file.savedTensor(name)));
        Map<String, AdapterTensor> base = new LinkedHashMap<>();
        file.base().keySet().forEach(name -> base.put(name, file.baseTensor(name)));
        return new PeftAdapter(file.config(), layers, saved, base);
    }

    /**
     * Writes the adapter. A reader finds the old adapter or this one, even if this program is killed, and never files
     * of both; other files in the directory stay as they are. Equal adapters give equal bytes.
     *
     * @throws PeftException if the configuration cannot say what the layers hold, or a value is not finite; nothing is
     *     changed then
     * @throws IOException if the disk fails or is full; the directory then still has its old adapter
     */
    public void write(Path directory) throws IOException {
        List<TensorData> tensors = new ArrayList<>();
        layers.forEach((path, layer) -> {
            check(path, layer);
            layer.parameters()
                    .forEach((name, tensor) -> tensors.add(tensor.named(PeftKeys.format(config.type(), path, name))));
            layer.bias()
                    .ifPresent(
                            bias -> tensors.add(bias.named(PeftKeys.format(config.type(), path, PeftKeys.LORA_BIAS))));
        });
        saved.forEach((name, tensor) -> {
            String key = PeftKeys.formatSaved(name, layers.keySet());
            if (PeftKeys.saved(config, key.substring(PeftKeys.PREFIX.length())).isEmpty()) {
                throw new PeftException(name + " is to be saved, but modules_to_save " + config.modulesToSave()
                        + " does not name it; withModulesToSave(List) does");
            }
            tensors.add(tensor.named(key));
        });
        base.forEach((name, tensor) -> tensors.add(tensor.named(PeftKeys.formatBase(name, layers.keySet()))));
        AdapterDirectory.write(directory, config.toJson(), tensors);
    }

    private void check(String path, AdapterLayer layer) {
        Map<String, Shape> shapes = layer.shapes();
        AdapterMethod said = config.method(path, hasBlocks(shapes));
        if (!said.equals(layer.method())) {
            throw new PeftException(path + " has the adapter " + layer.method() + ", but the configuration says " + said
                    + "; make it with PeftConfig.of");
        }
        layer.bias().ifPresent(bias -> shapes.put(PeftKeys.LORA_BIAS, bias.shape()));
        List<String> problems = LayerShapes.problems(path, said, config.loraBias(), shapes);
        if (!problems.isEmpty()) {
            throw PeftException.of("the adapter cannot be written", problems);
        }
    }

    static boolean hasBlocks(Map<String, Shape> shapes) {
        return shapes.values().stream().anyMatch(shape -> shape.rank() == 3);
    }

    /**
     * Returns this adapter under another name for the same thing: {@link PeftType#BONE} for PEFT up to 0.18,
     * {@link PeftType#MISS} for later ones. BONE has no dropout, which matters to training only.
     *
     * @throws PeftException if that type cannot say the method
     */
    public PeftAdapter as(PeftType type) {
        PeftConfig renamed = config.as(type);
        Map<String, AdapterLayer> same = new LinkedHashMap<>();
        layers.forEach((path, layer) -> same.put(
                path,
                new AdapterLayer(renamed.method(path, hasBlocks(layer.shapes())), layer.parameters(), layer.bias())));
        return new PeftAdapter(renamed, same, saved, base);
    }

    /**
     * Returns what does not fit a model: adapters for layers that it does not have or of other sizes, and layers that
     * the configuration targets but that have no adapter here. Empty if all is well.
     *
     * @param linears the linear layers of the model
     */
    public List<String> problemsWith(Collection<LayerSpec> linears) {
        Map<String, AdapterMethod> methods = new LinkedHashMap<>();
        Map<String, Map<String, Shape>> shapes = new LinkedHashMap<>();
        layers.forEach((path, layer) -> {
            methods.put(path, layer.method());
            shapes.put(path, layer.shapes());
        });
        List<String> problems = new ArrayList<>(ModelFit.problems(methods, shapes, linears));
        problems.addAll(ModelFit.missing(config, layers.keySet(), linears));
        return problems;
    }

    /**
     * Returns which of {@link #base} are not the model's own: others, or of other shapes. Rounding to bfloat16 or
     * float16 on one side makes no difference. Empty if all is well; the adapter does without them then.
     *
     * @param model tensors of the model by name
     */
    public List<String> problemsWithBase(Map<String, BaseWeight> model) {
        Map<String, BaseWeight> given = new LinkedHashMap<>();
        base.forEach((name, tensor) -> given.put(
                name,
                new BaseWeight(
                        tensor.shape(),
                        (from, count) -> Arrays.copyOfRange(tensor.values(), (int) from, (int) from + count))));
        return BaseFit.problems(given, model);
    }
}
