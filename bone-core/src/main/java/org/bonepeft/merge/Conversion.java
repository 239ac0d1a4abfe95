package org.bonepeft.merge;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.adapter.Lora;
import org.bonepeft.adapter.LoraConvertible;
import org.bonepeft.peft.AdapterLayer;
import org.bonepeft.peft.AdapterTensor;
import org.bonepeft.peft.PeftAdapter;
import org.bonepeft.peft.PeftConfig;
import org.bonepeft.peft.PeftException;
import org.bonepeft.peft.PeftType;
import org.bonepeft.reference.DoubleTensor;
import org.bonepeft.reference.ReferenceBackend;
import org.bonepeft.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * Adapters as adapters of another kind. Bone and MiSS-mini are LoRAs of their own rank, exactly; a LoRA whose A repeats
 * the identity is a Bone, exactly; everything else becomes the nearest LoRA of a rank by truncated singular values. What
 * PiSSA and OLoRA took from the weight is part of that: the result belongs on the original base.
 */
public final class Conversion implements Closeable {
    private final Checkpoint base;

    private Conversion(Checkpoint base) {
        this.base = base;
    }

    /** Opens the model that adapters to be converted belong on. */
    public static Conversion on(Path model) throws IOException {
        return new Conversion(Checkpoint.open(model));
    }

    /**
     * An adapter that was converted.
     *
     * @param errors by layer: {@code ||DeltaW - B A|| / ||DeltaW||} in the Frobenius norm, 0 where nothing was lost
     */
    public record Converted(PeftAdapter adapter, Map<String, Double> errors) {}

    /**
     * Returns a LoRA. Unless another rank is asked for, a plain LoRA stays as it is, and Bone and MiSS-mini become LoRAs
     * of their rank exactly; all others have scale 1.
     *
     * @param rank of the result; empty: that of the adapter, or twice that if its start changed the weight
     * @param finished is told of each layer
     * @throws PeftException if the adapter does not fit the model
     */
    public Converted toLora(PeftAdapter adapter, Optional<Integer> rank, Runnable finished) {
        if (adapter.config().loraBias()) {
            throw new PeftException("an adapter with lora_bias cannot be converted; it is a LoRA already");
        }
        boolean transposed = adapter.config().fanInFanOut();
        Map<String, LayerSpec> linears = base.linears(transposed);
        UnaryOperator<String> naming = Checkpoint.renaming(adapter.layers().keySet(), linears.keySet());
        List<String> problems =
                adapter.problemsWithBase(base.baseWeights(adapter.base().keySet(), naming));
        if (!problems.isEmpty()) {
            throw PeftException.of(base.directory() + " and the adapter do not fit", problems);
        }
        Map<String, AdapterLayer> layers = new LinkedHashMap<>();
        Map<String, Double> errors = new LinkedHashMap<>();
        adapter.layers().forEach((path, layer) -> {
            @Nullable LayerSpec here = linears.get(naming.apply(path));
            if (here == null) {
                throw new PeftException(base.directory() + " has no linear layer '" + path + "'");
            }
            LayerSpec spec = new LayerSpec(path, here.in(), here.out(), false);
            boolean sameRank =
                    rank.orElse(layer.method().rank()) == layer.method().rank();
            if (sameRank && layer.method() instanceof Lora lora && !lora.changesWeight()) {
                layers.put(path, layer);
                errors.put(path, 0.0);
            } else if (sameRank && layer.method() instanceof LoraConvertible exact) {
                layers.put(path, exactLora(exact, spec, layer));
                errors.put(path, 0.0);
            } else {
                LayerWeight weight = new LayerWeight(
                        base.weights(), base.weights().tensor(here.path() + ".weight"), spec, transposed);
                LowRank nearest = LowRank.of(weight.delta(layer), spec, rank.orElse(rank(layer.method())));
                layers.put(path, lora(nearest, spec));
                errors.put(path, nearest.error());
            }
            finished.run();
        });
        return new Converted(new PeftAdapter(config(adapter.config(), layers), layers, adapter.saved()), errors);
    }

    private static int rank(AdapterMethod method) {
        return method instanceof Lora lora && lora.changesWeight() ? 2 * lora.rank() : method.rank();
    }

    private static AdapterLayer exactLora(LoraConvertible method, LayerSpec spec, AdapterLayer layer) {
        Map<String, DoubleTensor> inputs = new LinkedHashMap<>();
        layer.parameters()
                .forEach((name, tensor) ->
                        inputs.put(name, DoubleTensor.of(tensor.shape(), RowMaps.parameter(layer, name))));
        Map<String, AdapterTensor> parameters = new LinkedHashMap<>();
        method.toLora(spec).evaluate(new ReferenceBackend(), inputs).forEach((name, tensor) -> {
            parameters.put(name, new AdapterTensor(tensor.shape(), floats(tensor.toArray())));
        });
        return new AdapterLayer(method.toLora(), parameters);
    }

    private static float[] floats(double[] values) {
        float[] narrow = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            narrow[i] = (float) values[i];
        }
        return narrow;
    }

    private static AdapterLayer lora(LowRank nearest, LayerSpec spec) {
        return new AdapterLayer(
                new Lora(nearest.rank(), nearest.rank()),
                Map.of(
                        Lora.A, new AdapterTensor(Shape.of(nearest.rank(), spec.in()), nearest.a()),
                        Lora.B, new AdapterTensor(Shape.of(spec.out(), nearest.rank()), nearest.b())));
    }

    /**
     * Returns the adapter as MiSS: the same under that name, or the Bone that a LoRA is, if all its A repeat a multiple of
     * the identity.
     *
     * @throws PeftException if it is neither
     */
    public static PeftAdapter toMiss(PeftAdapter adapter) {
        PeftType type = adapter.config().type();
        return type == PeftType.MISS || type == PeftType.BONE ? adapter.as(PeftType.MISS) : bone(adapter);
    }

    private static PeftAdapter bone(PeftAdapter lora) {
        if (lora.config().fanInFanOut()) {
            throw new PeftException("PEFT's MiSS has no layers with fan_in_fan_out, which this LoRA is for");
        }
        Map<String, AdapterLayer> layers = new LinkedHashMap<>();
        lora.layers().forEach((path, layer) -> layers.put(path, bone(path, layer)));
        return new PeftAdapter(config(lora.config(), layers), layers, lora.saved(), lora.base());
    }

    private static AdapterLayer bone(String path, AdapterLayer layer) {
        if (!(layer.method() instanceof Lora lora)
                || lora.changesWeight()
                || layer.bias().isPresent()) {
            throw notMiss(path, layer.method());
        }
        double[] a = RowMaps.parameter(layer, Lora.A);
        double[] b = RowMaps.parameter(layer, Lora.B);
        int rank = lora.rank();
        int in = a.length / rank;
        for (int i = 0; i < a.length; i++) {
            if (a[i] != (i % in % rank == i / in ? a[0] : 0)) {
                throw notMiss(path, lora);
            }
        }
        double[] block = RowMaps.transposed(b, b.length / rank);
        for (int i = 0; i < block.length; i++) {
            block[i] *= a[0] * lora.scale();
        }
        AdapterTensor tensor = new AdapterTensor(Shape.of(rank, block.length / rank), floats(block));
        return new AdapterLayer(new Bone(rank), Map.of(Bone.BLOCK, tensor));
    }

    private static PeftException notMiss(String path, AdapterMethod method) {
        return new PeftException(path + ": " + method + " has no name in MiSS; of LoRAs only one whose A repeats the"
                + " identity has, as one made from a Bone; convert it to lora instead");
    }

    private static PeftConfig config(PeftConfig old, Map<String, AdapterLayer> layers) {
        Map<AdapterMethod, Long> counts = new LinkedHashMap<>();
        layers.values().forEach(layer -> counts.merge(layer.method(), 1L, Long::sum));
        AdapterMethod method = counts.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .orElseThrow()
                .getKey();
        Map<String, AdapterMethod> others = new LinkedHashMap<>();
        layers.forEach((path, layer) -> {
            if (!layer.method().equals(method)) {
                others.put(path.replace(".", "\\."), layer.method());
            }
        });
        PeftConfig config = PeftConfig.of(method, others, old.targets());
        for (String key : new String[] {
            "base_model_name_or_path", "bias", "fan_in_fan_out", "modules_to_save", "revision", "task_type"
        }) {
            if (config.values().containsKey(key) && old.values().containsKey(key)) {
                config = config.with(key, old.values().get(key));
            }
        }
        return config;
    }

    @Override
    public void close() throws IOException {
        base.close();
    }
}
