package org.bonepeft.peft;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Grouping;
import org.bonepeft.adapter.Lora;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.safetensors.SafetensorsWriter;
import org.bonepeft.safetensors.TensorData;
import org.bonepeft.safetensors.TensorInfo;
import org.jspecify.annotations.Nullable;

/**
 * Adapters of RWKV-PEFT, as safetensors: one file, no configuration. {@code <path>.disha} is Bone [r, out] or Bat
 * [in/r, r, r]; LoRA is {@code <path>.lora_A} [r, in] and {@code <path>.lora_B} [out, r]. All other tensors are trained
 * weights of the base under their own names. The method is always stated, never guessed: where in = out, Bat by rows and
 * by columns have the same shapes and other meanings.
 */
public final class RwkvPeft {
    private static final String DISHA = "disha";
    private static final String NO_ADAPTER = "there is no tensor named <layer>." + DISHA + " or <layer>." + Lora.A;

    private RwkvPeft() {}

    /**
     * Reads a file.
     *
     * @param method what its adapters are; RWKV-PEFT's own are {@code new Bone(r)}, {@code new Bat(r, Grouping.ROW)} and
     *     {@code new Lora(r, alpha)}
     * @throws PeftException if a shape does not fit the method, a layer lacks a parameter, a value is not finite, or
     *     there is no adapter in the file
     * @throws IOException if the file cannot be read
     */
    public static PeftAdapter read(Path path, AdapterMethod method) throws IOException {
        Map<String, Map<String, AdapterTensor>> parameters = new LinkedHashMap<>();
        Map<String, AdapterTensor> saved = new LinkedHashMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            for (String key : file.tensors().keySet()) {
                AdapterTensor tensor = AdapterTensor.read(file, key, problem -> {
                    throw new PeftException(path + ": " + problem);
                });
                int dot = key.lastIndexOf('.');
                @Nullable String parameter = parameter(key.substring(dot + 1));
                if (dot > 0 && parameter != null) {
                    parameters
                            .computeIfAbsent(key.substring(0, dot), layer -> new LinkedHashMap<>())
                            .put(parameter, tensor);
                } else {
                    saved.put(key, tensor);
                }
            }
        }
        List<String> problems = new ArrayList<>();
        Map<String, AdapterLayer> layers = new LinkedHashMap<>();
        parameters.forEach((layer, tensors) -> {
            AdapterLayer adapter = new AdapterLayer(method, tensors);
            problems.addAll(LayerShapes.problems(layer, method, false, adapter.shapes()));
            layers.put(layer, adapter);
        });
        if (layers.isEmpty()) {
            problems.add(NO_ADAPTER);
        }
        if (!problems.isEmpty()) {
            throw PeftException.of(path.toString(), problems);
        }
        PeftConfig config = PeftConfig.of(method, Targets.of(List.copyOf(layers.keySet())));
        return new PeftAdapter(config.withModulesToSave(modules(saved)), layers, saved);
    }

    /**
     * Returns the rank or block size that the shapes of a file tell.
     *
     * @throws PeftException if there is no adapter in the file
     * @throws IOException if the file cannot be read
     */
    public static int rank(Path path) throws IOException {
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            return file.tensors().values().stream()
                    .filter(info ->
                            info.name().endsWith("." + DISHA) || info.name().endsWith("." + Lora.A))
                    .map(TensorInfo::shape)
                    .filter(shape -> shape.rank() >= 2)
                    .mapToInt(shape -> Math.toIntExact(shape.dim(shape.rank() - 2)))
                    .findFirst()
                    .orElseThrow(() -> new PeftException(path + ": " + NO_ADAPTER));
        }
    }

    private static @Nullable String parameter(String ending) {
        return switch (ending) {
            case DISHA -> Bone.BLOCK;
            case Lora.A, Lora.B -> ending;
            default -> null;
        };
    }

    private static List<String> modules(Map<String, AdapterTensor> saved) {
        return saved.keySet().stream()
                .map(name -> name.substring(0, Math.max(0, name.lastIndexOf('.'))))
                .filter(module -> !module.isEmpty())
                .distinct()
                .toList();
    }

    /**
     * Writes a file, atomically.
     *
     * @throws PeftException if a layer's method is none of RWKV-PEFT's, or there are tensors of the base that were not
     *     trained
     * @throws IOException if the disk fails; the file then still has its old content
     */
    public static void write(PeftAdapter adapter, Path path) throws IOException {
        if (!adapter.base().isEmpty()) {
            throw new PeftException("RWKV-PEFT's files take every tensor of the base as trained, and "
                    + adapter.base().keySet() + " were not; save the adapter without them");
        }
        List<TensorData> tensors = new ArrayList<>();
        adapter.layers().forEach((layer, adapted) -> {
            if (!isKnown(adapted.method())) {
                throw new PeftException(layer + " has the adapter " + adapted.method()
                        + "; RWKV-PEFT knows Bone by columns, Bat by rows and LoRA");
            }
            adapted.parameters().forEach((name, tensor) -> {
                String ending = name.equals(Bone.BLOCK) ? DISHA : name;
                tensors.add(tensor.named(layer + "." + ending));
            });
        });
        adapter.saved().forEach((name, tensor) -> tensors.add(tensor.named(name)));
        SafetensorsWriter.write(path, tensors, Map.of());
    }

    private static boolean isKnown(AdapterMethod method) {
        return method instanceof Lora
                || (method instanceof Bone bone && bone.grouping() == Grouping.COL)
                || (method instanceof Bat bat && bat.grouping() == Grouping.ROW);
    }
}
