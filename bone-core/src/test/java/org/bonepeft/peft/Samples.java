package org.bonepeft.peft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Dora;
import org.bonepeft.adapter.Grouping;
import org.bonepeft.adapter.Hadamard;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.adapter.Lora;
import org.bonepeft.adapter.MissMini;
import org.bonepeft.adapter.Unconstrained;
import org.bonepeft.tensor.Shape;

/** Small adapters with random values. */
final class Samples {
    static final LayerSpec SQUARE = new LayerSpec("model.layers.0.self_attn.q_proj", 16, 16, false);
    static final LayerSpec TALL = new LayerSpec("model.layers.0.mlp.up_proj", 16, 24, false);

    private Samples() {}

    /** One adapter method of each kind. */
    static List<AdapterMethod> methods() {
        return List.of(
                new Bone(5),
                new Bone(4, Grouping.COL, 0.1, true),
                new Bone(4, Grouping.ROW),
                new MissMini(4, 8, 0.25),
                new Bat(4),
                new Bat(4, Grouping.ROW),
                new Bat(4, Grouping.GROUP, 3),
                new Hadamard(4),
                new Hadamard(4, Grouping.ROW),
                new Unconstrained(4),
                new Lora(3, 6),
                new Lora(3, 0.5, true, 0.1),
                new Dora(2, 4));
    }

    /** Returns an adapter of both layers. */
    static PeftAdapter adapter(AdapterMethod method, long seed) {
        return adapter(PeftConfig.of(method, Targets.of("up_proj", "q_proj")), seed);
    }

    static PeftAdapter adapter(PeftConfig config, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Map<String, AdapterLayer> layers = new LinkedHashMap<>();
        for (LayerSpec layer : List.of(SQUARE, TALL)) {
            AdapterMethod method = config.method(layer.path());
            Map<String, AdapterTensor> parameters = new LinkedHashMap<>();
            method.parameters(layer)
                    .forEach(parameter -> parameters.put(parameter.name(), random(parameter.shape(), random)));
            layers.put(layer.path(), new AdapterLayer(method, parameters));
        }
        return new PeftAdapter(config, layers, Map.of());
    }

    static AdapterTensor random(Shape shape, SplittableRandom random) {
        float[] values = new float[(int) shape.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return new AdapterTensor(shape, values);
    }

    /** Compares everything, values bit by bit. */
    static void assertSame(PeftAdapter actual, PeftAdapter expected) {
        assertThat(actual.config()).isEqualTo(expected.config());
        assertSameLayers(actual, expected);
        assertSame(actual.saved(), expected.saved());
        assertSame(actual.base(), expected.base());
    }

    static void assertSameLayers(PeftAdapter actual, PeftAdapter expected) {
        assertThat(actual.layers()).containsOnlyKeys(expected.layers().keySet());
        expected.layers().forEach((path, layer) -> {
            AdapterLayer other = actual.layers().get(path);
            assertThat(other.method()).isEqualTo(layer.method());
            assertSame(other.parameters(), layer.parameters());
            assertSame(bias(other), bias(layer));
        });
    }

    private static Map<String, AdapterTensor> bias(AdapterLayer layer) {
        return layer.bias().map(bias -> Map.of("bias", bias)).orElse(Map.of());
    }

    private static void assertSame(Map<String, AdapterTensor> actual, Map<String, AdapterTensor> expected) {
        assertThat(actual).containsOnlyKeys(expected.keySet());
        expected.forEach((name, tensor) -> {
            assertThat(actual.get(name).shape()).isEqualTo(tensor.shape());
            assertThat(actual.get(name).values()).isEqualTo(tensor.values());
        });
    }
}
