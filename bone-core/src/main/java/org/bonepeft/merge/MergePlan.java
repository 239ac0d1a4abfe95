package org.bonepeft.merge;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.adapter.Lora;
import org.bonepeft.json.Json;
import org.bonepeft.peft.AdapterFile;
import org.bonepeft.peft.AdapterLayer;
import org.bonepeft.peft.PeftException;
import org.bonepeft.safetensors.SafetensorsWriter;
import org.bonepeft.safetensors.TensorData;
import org.bonepeft.safetensors.TensorInfo;
import org.bonepeft.tensor.DType;
import org.jspecify.annotations.Nullable;

/** What becomes of each tensor of a model when an adapter is merged or unmerged. */
final class MergePlan {
    private static final String WEIGHT = ".weight";
    private static final String BIAS = ".bias";
    private static final String TIED = "tie_word_embeddings";

    private final Checkpoint base;
    private final AdapterFile adapter;
    private final Map<String, TensorInfo> wholeTensors;
    private final boolean forward;
    private final List<String> notes = new ArrayList<>();

    /** By the names of the tensors of the base: the adapted layers, with the adapter's paths. */
    private final Map<String, LayerSpec> layers = new LinkedHashMap<>();

    /** By the names of the biases of the base: the adapter's paths of layers with {@code lora_bias}. */
    private final Map<String, String> biased = new LinkedHashMap<>();

    /** By the names of the tensors that it replaces or adds: the adapter's names of whole tensors. */
    private final Map<String, String> saved = new LinkedHashMap<>();

    /**
     * Finds every tensor of the adapter its place in the model.
     *
     * @throws PeftException if one has none
     */
    MergePlan(Checkpoint base, AdapterFile adapter, boolean forward) {
        this.base = base;
        this.adapter = adapter;
        this.wholeTensors = adapter.saved();
        this.forward = forward;
        Map<String, LayerSpec> linears = base.linears(adapter.config().fanInFanOut());
        UnaryOperator<String> naming = Checkpoint.renaming(adapter.methods().keySet(), linears.keySet());
        List<String> problems = new ArrayList<>();
        problems.addAll(placeLayers(linears, naming));
        problems.addAll(placeSaved(naming));
        problems.addAll(compareBase(naming));
        if (!problems.isEmpty()) {
            throw PeftException.of(base.directory() + " and the adapter do not fit", problems);
        }
    }

    private List<String> placeLayers(Map<String, LayerSpec> linears, UnaryOperator<String> naming) {
        List<String> problems = new ArrayList<>();
        Map<String, LayerSpec> named = new LinkedHashMap<>(linears);
        adapter.methods().forEach((path, method) -> {
            @Nullable LayerSpec here = named.remove(naming.apply(path));
            if (here == null) {
                return; // problemsWith tells
            }
            named.put(path, new LayerSpec(path, here.in(), here.out(), false));
            layers.put(here.path() + WEIGHT, new LayerSpec(path, here.in(), here.out(), false));
            if (adapter.config().loraBias()) {
                biased.put(here.path() + BIAS, path);
                if (!has(here.path() + BIAS) || !(method instanceof Lora)) {
                    problems.add(path + ": lora_bias can be merged into a layer with a bias only, and not with DoRA");
                }
            }
        });
        problems.addAll(adapter.problemsWith(named.values()));
        return problems;
    }

    private List<String> placeSaved(UnaryOperator<String> naming) {
        List<String> problems = new ArrayList<>();
        wholeTensors.forEach((name, info) -> {
            String here = base.here(name, naming);
            saved.put(here, name);
            if (!has(here)) {
                notes.add(name + " is not in the base and was added");
            } else if (!base.weights().tensor(here).shape().equals(info.shape())) {
                problems.add(name + " is " + info.shape() + " in the adapter, "
                        + base.weights().tensor(here).shape() + " in the model");
            } else if (biased.containsKey(here)) {
                problems.add(
                        name + " is saved, and lora_bias is to be added to it; bone does not know which comes first");
            }
        });
        if (!forward && !saved.isEmpty()) {
            problems.add("merging replaced " + saved.keySet() + ", which nothing brings back; keep a copy of the base");
        }
        return problems;
    }

    /** After merging there is nothing left to compare the base's own weights with. */
    private List<String> compareBase(UnaryOperator<String> naming) {
        Map<String, TensorInfo> given = adapter.base();
        if (!forward && !given.isEmpty()) {
            notes.add("the adapter's files hold " + given.keySet() + " of the base; they were not used");
            return List.of();
        }
        return adapter.problemsWithBase(base.baseWeights(given.keySet(), naming));
    }

    private boolean has(String name) {
        return base.has(name);
    }

    /** Writes the whole model directory. */
    OfflineMerge.Result write(Path out, Workers workers) throws IOException {
        List<TensorData> added = new ArrayList<>();
        saved.forEach((here, name) -> {
            if (!has(here)) {
                added.add(saved(here, name, typeOfLayers(), workers));
            }
        });
        for (Map.Entry<String, List<String>> shard : base.shards().entrySet()) {
            List<TensorData> tensors = new ArrayList<>();
            shard.getValue().forEach(name -> tensors.add(tensor(base.weights().tensor(name), workers)));
            if (shard.getKey().equals(base.lastShard())) {
                tensors.addAll(added);
            }
            try (FileChannel file = FileChannel.open(
                    out.resolve(shard.getKey()), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                SafetensorsWriter.write(file, tensors, base.weights().metadata());
            }
        }
        for (Path file : base.otherFiles()) {
            Files.copy(file, out.resolve(file.getFileName()));
        }
        base.writeIndex(out, added);
        untie(out, added);
        return new OfflineMerge.Result(layers.size(), saved.size(), base.bytes(), List.copyOf(notes));
    }

    private DType typeOfLayers() {
        return base.weights().tensor(layers.keySet().iterator().next()).dtype();
    }

    private TensorData tensor(TensorInfo info, Workers workers) {
        String name = info.name();
        @Nullable LayerSpec layer = layers.get(name);
        @Nullable String replacement = saved.get(name);
        @Nullable String path = biased.get(name);
        if (layer != null) {
            LayerWeight weight = new LayerWeight(
                    base.weights(), info, layer, adapter.config().fanInFanOut());
            return new TensorData(name, info.dtype(), info.shape(), out -> weight.write(map(weight), workers, out));
        }
        if (replacement != null) {
            return saved(name, replacement, info.dtype(), workers);
        }
        if (path != null) {
            RowStream bias = new RowStream(base.weights(), info, 1, info.dtype(), name);
            return new TensorData(name, info.dtype(), info.shape(), out -> bias.write(addBias(path), workers, out));
        }
        return workers.watched(TensorData.copy(base.weights(), name));
    }

    private RowMap map(LayerWeight weight) {
        AdapterLayer values = adapter.layer(weight.layer().path());
        RowMap map = forward ? RowMaps.merging(weight.layer(), values) : RowMaps.unmerging(weight.layer(), values);
        return weight.onFrozen(values.method(), map);
    }

    /** {@code bias + s lora_B.bias}. */
    private RowMap addBias(String path) {
        AdapterLayer values = adapter.layer(path);
        double scale = values.method() instanceof Lora lora ? lora.scale() : 0;
        float[] bias = values.bias().orElseThrow().values();
        return (row, w, at) -> w[at] += (forward ? scale : -scale) * bias[row];
    }

    private TensorData saved(String here, String name, DType type, Workers workers) {
        TensorInfo info = Objects.requireNonNull(wholeTensors.get(name));
        int rank = info.shape().rank();
        int length = rank == 0 || info.byteSize() == 0
                ? 1
                : Math.toIntExact(info.shape().dim(rank - 1));
        RowStream values = new RowStream(adapter.weights(), info, length, type, name);
        return new TensorData(here, type, info.shape(), out -> values.write((row, w, at) -> {}, workers, out));
    }

    /** A head of its own must not be replaced by the embeddings when the model is loaded. */
    private void untie(Path out, List<TensorData> added) throws IOException {
        Path file = out.resolve("config.json");
        if (added.stream().noneMatch(tensor -> tensor.name().equals("lm_head.weight")) || !Files.exists(file)) {
            return;
        }
        Map<String, @Nullable Object> config = Json.readObject(file);
        if (!Boolean.FALSE.equals(config.put(TIED, false))) {
            Files.writeString(file, Json.print(config) + "\n");
            notes.add(TIED + " is now false in config.json, for the adapter brings a head of its own");
        }
    }
}
