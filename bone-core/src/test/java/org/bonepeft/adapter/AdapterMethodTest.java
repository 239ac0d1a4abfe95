package org.bonepeft.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.bonepeft.graph.Graph;
import org.bonepeft.graph.Op;
import org.bonepeft.graph.Tensor;
import org.bonepeft.reference.DoubleTensor;
import org.bonepeft.reference.ReferenceBackend;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.bonepeft.testkit.Reference;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdapterMethodTest {
    private static long count(AdapterMethod method, List<LayerSpec> layers) {
        layers.forEach(method::check);
        return layers.stream().mapToLong(method::parameterCount).sum();
    }

    private static List<LayerSpec> llama2() {
        List<LayerSpec> layers = new ArrayList<>();
        for (int i = 0; i < 32; i++) {
            String path = "model.layers." + i;
            for (String name : List.of("q_proj", "k_proj", "v_proj", "o_proj")) {
                layers.add(new LayerSpec(path + ".self_attn." + name, 4096, 4096, false));
            }
            layers.add(new LayerSpec(path + ".mlp.gate_proj", 4096, 11008, false));
            layers.add(new LayerSpec(path + ".mlp.up_proj", 4096, 11008, false));
            layers.add(new LayerSpec(path + ".mlp.down_proj", 11008, 4096, false));
        }
        return layers;
    }

    /** The figures of the papers' tables. */
    @Test
    void parameterCount_llama2() {
        assertThat(count(new Bone(64), llama2())).isEqualTo(87_031_808);
        assertThat(count(new Bat(64), llama2())).isEqualTo(87_031_808);
        assertThat(count(new Hadamard(64), llama2())).isEqualTo(87_031_808);
        assertThat(count(new Bone(64, Grouping.ROW), llama2())).isEqualTo(72_876_032);
        assertThat(count(new Bat(64, Grouping.ROW), llama2())).isEqualTo(72_876_032);
        assertThat(count(new Unconstrained(64), llama2())).isEqualTo(2 * 72_876_032);
        assertThat(count(new Lora(36, 36), llama2())).isEqualTo(89_948_160);
        assertThat(count(new Lora(36, 36, new Pissa()), llama2())).isEqualTo(89_948_160);
    }

    @Test
    void parameterCount_robertaBase() {
        List<LayerSpec> layers = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            for (String name : List.of("query", "value")) {
                layers.add(new LayerSpec("roberta.encoder.layer." + i + ".attention.self." + name, 768, 768, true));
            }
        }
        assertThat(count(new Bone(16), layers)).isEqualTo(294_912);
        assertThat(count(new Lora(8, 8), layers)).isEqualTo(294_912);
        assertThat(count(new Dora(8, 8), layers)).isEqualTo(294_912 + 24 * 768);
        assertThat(count(new MissMini(16, 64), layers)).isEqualTo(24 * 16 * 64);
        assertThat(count(new Bat(16, Grouping.GROUP, 5), layers)).isEqualTo(24 * 5 * 16 * 16);
    }

    @Test
    void accept_callsTheOwnCase() {
        AdapterMethod.Visitor<Class<?>> visitor = new AdapterMethod.Visitor<>() {
            @Override
            public Class<?> bone(Bone method) {
                return Bone.class;
            }

            @Override
            public Class<?> missMini(MissMini method) {
                return MissMini.class;
            }

            @Override
            public Class<?> bat(Bat method) {
                return Bat.class;
            }

            @Override
            public Class<?> hadamard(Hadamard method) {
                return Hadamard.class;
            }

            @Override
            public Class<?> unconstrained(Unconstrained method) {
                return Unconstrained.class;
            }

            @Override
            public Class<?> lora(Lora method) {
                return Lora.class;
            }

            @Override
            public Class<?> dora(Dora method) {
                return Dora.class;
            }
        };
        for (AdapterMethod method : Layers.methods(2)) {
            assertThat(method.accept(visitor)).isEqualTo(method.getClass());
        }
    }

    @Test
    void names_areThoseOfTheMethods_andAllMethodsHaveOne() {
        List<AdapterMethod> methods = AdapterMethods.names().stream()
                .map(name -> AdapterMethods.of(name, new AdapterMethods.Settings(4)))
                .toList();
        assertThat(methods.stream().map(AdapterMethod::name)).containsExactlyElementsOf(AdapterMethods.names());
        Set<Class<?>> classes = methods.stream().map(AdapterMethod::getClass).collect(Collectors.toSet());
        assertThat(classes).containsExactlyInAnyOrder(AdapterMethod.class.getPermittedSubclasses());
    }

    @Test
    void named_takesTheSettings() {
        AdapterMethods.Settings settings = new AdapterMethods.Settings(4, 8, 0.5, 3, 2);
        assertThat(AdapterMethods.of("bone", settings)).isEqualTo(new Bone(4, Grouping.COL, 0.5, false));
        assertThat(AdapterMethods.of("miss-mini", settings)).isEqualTo(new MissMini(4, 2, 0.5));
        assertThat(AdapterMethods.of("rslora", settings)).isEqualTo(new Lora(4, 8, true, 0.5));
        assertThat(AdapterMethods.of("dora", settings)).isEqualTo(new Dora(new Lora(4, 8, false, 0.5)));
        assertThat(AdapterMethods.of("pissa", settings)).isEqualTo(new Lora(4, 8, false, 0.5, new Pissa()));
        assertThat(AdapterMethods.of("olora", settings)).isEqualTo(new Lora(4, 8, false, 0.5, new Olora()));
        assertThat(AdapterMethods.of("lora-ga", settings)).isEqualTo(new Lora(4, 8, false, 0.5, new LoraGa()));
        assertThat(AdapterMethods.of("bat-group", new AdapterMethods.Settings(4, 8, 0, 3, 2)))
                .isEqualTo(new Bat(4, Grouping.GROUP, 3));
    }

    @Test
    void scale() {
        assertThat(new Lora(4, 8).scale()).isEqualTo(2);
        assertThat(new Lora(4, 8, true, 0).scale()).isEqualTo(4);
    }

    @Test
    void loraPlus_raisesBAndVectors() {
        LoraPlus plus = new LoraPlus(16);
        Map<String, Double> factors = new Dora(4, 8)
                .parameters(Layers.layer(8, 8)).stream()
                        .collect(Collectors.toMap(AdapterParameter::name, plus::factor));
        assertThat(factors).isEqualTo(Map.of(Lora.A, 1.0, Lora.B, 16.0, Dora.MAGNITUDE, 16.0));
        assertThat(plus.factor(new Bone(2).parameters(Layers.layer(8, 8)).get(0)))
                .isEqualTo(1);
    }

    @Test
    void initializers() {
        SplittableRandom random = new SplittableRandom(1);
        Shape shape = Shape.of(50, 400);
        assertThat(Initializer.ZEROS.initialize(shape, random)).hasSize(20_000).containsOnly(0);
        assertThat(Initializer.ONES.initialize(shape, random)).hasSize(20_000).containsOnly(1);
        double[] uniform = doubles(Initializer.KAIMING_UNIFORM.initialize(shape, random));
        assertThat(Arrays.stream(uniform).max().orElseThrow()).isBetween(0.0498, 0.05);
        assertThat(Arrays.stream(uniform).min().orElseThrow()).isBetween(-0.05, -0.0498);
        assertThat(deviation(uniform)).isBetween(0.0283, 0.0294);
        double[] normal = doubles(Initializer.GAUSSIAN.initialize(shape, random));
        assertThat(deviation(normal)).isBetween(0.0195, 0.0205);
        assertThat(new Lora(3, 3, LoraStart.Drawn.GAUSSIAN)
                        .parameters(Layers.layer(4, 4))
                        .get(0)
                        .initializer())
                .isEqualTo(Initializer.GAUSSIAN);
        assertThat(new Lora(3, 3, LoraStart.Drawn.BOTH)
                        .parameters(Layers.layer(4, 4))
                        .get(1)
                        .initializer())
                .isEqualTo(Initializer.KAIMING_UNIFORM);
        assertThat(new Bone(3, Grouping.COL, 0, true)
                        .parameters(Layers.layer(4, 4))
                        .get(0)
                        .initializer())
                .isEqualTo(Initializer.KAIMING_UNIFORM);
    }

    private static double[] doubles(float[] values) {
        double[] doubles = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            doubles[i] = values[i];
        }
        return doubles;
    }

    private static double deviation(double[] values) {
        return Math.sqrt(Arrays.stream(values).map(v -> v * v).average().orElseThrow());
    }

    /** Dropout acts on what goes into the adapter, in training only; the frozen layer sees the undropped x. */
    @Test
    void dropout_actsOnTheAdaptersInput() {
        LayerSpec layer = Layers.layer(7, 8);
        List<AdapterMethod> dropping =
                List.of(new Bone(3, Grouping.COL, 0.5, false), new MissMini(3, 2, 0.5), new Lora(3, 5, false, 0.5));
        for (AdapterMethod method : dropping) {
            Map<String, DoubleTensor> inputs = Layers.inputs(layer, 4, method);
            DoubleTensor x = Reference.get(inputs, "x");
            double[] base = Layers.linear(x, Reference.get(inputs, "weight").toArray(), Reference.get(inputs, "bias"));
            double[] delta = Layers.run(AdapterGraphs.delta(method, layer), inputs);
            DoubleTensor zero = DoubleTensor.zeros(Shape.of(8));
            DoubleTensor mask = new ReferenceBackend(3).dropoutMask(x, 0.5);
            DoubleTensor dropped = new ReferenceBackend().mul(x, mask);
            for (boolean training : new boolean[] {false, true}) {
                double[] expected = Layers.linear(training ? dropped : x, delta, zero);
                for (int i = 0; i < expected.length; i++) {
                    expected[i] += base[i];
                }
                Map<String, DoubleTensor> outputs =
                        new LinkedHashMap<>(AdapterGraphs.forward(method, layer, Evaluation.FACTORED, training)
                                .evaluate(new ReferenceBackend(3), inputs));
                Tolerance.FLOAT64.check(
                        method + " " + training, Reference.get(outputs, "y").toArray(), expected);
            }
        }
    }

    /** However many tokens there are: a formed weight would be the cheapest way for many, but has no dropout. */
    @Test
    void dropout_isNeverLeftOut() {
        LayerSpec layer = Layers.layer(8, 8);
        for (AdapterMethod method : List.of(
                new Bone(4, Grouping.COL, 0.5, false),
                new MissMini(4, 4, 0.5),
                new Lora(4, 8, false, 0.5),
                new Dora(new Lora(4, 8, false, 0.5)))) {
            for (long tokens : new long[] {1, 100, 1_000_000}) {
                Evaluation way = AdapterGraphs.cheapest(method, layer, tokens, true);
                assertThat(AdapterGraphs.forward(method, layer, way, true).nodes())
                        .as("%s, %s tokens", method, tokens)
                        .anyMatch(node -> node.op() instanceof Op.DropoutMask);
            }
            assertThat(method.evaluations(false)).contains(Evaluation.FORMED);
            assertThatThrownBy(() -> AdapterGraphs.forward(method, layer, Evaluation.FORMED, true))
                    .isInstanceOf(AdapterException.class)
                    .hasMessageContaining("has no evaluation FORMED, only [FACTORED]");
        }
    }

    /** Its weight is taken in several bands, which do not have equally many rows. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void largeBat_splitIsFactored(boolean bias) {
        LayerSpec layer = new LayerSpec("up_proj", 1100, 8350, bias);
        Bat bat = new Bat(50);
        Graph split = AdapterGraphs.forward(bat, layer, Evaluation.SPLIT, true);
        assertThat(split.nodes()).anyMatch(node -> node.op() instanceof Op.Concat);
        Map<String, DoubleTensor> inputs = Layers.inputs(layer, 2, bat);
        Graph factored = AdapterGraphs.forward(bat, layer, Evaluation.FACTORED, true);
        Tolerance.FLOAT64.check("y", Layers.run(split, inputs), Layers.run(factored, inputs));
    }

    @Test
    void linearParameter_scalesDelta() {
        LayerSpec layer = Layers.layer(6, 12);
        List<Class<?>> linear = new ArrayList<>();
        Layers.fitting(3, layer).forEach(method -> method.linearParameter().ifPresent(name -> {
            linear.add(method.getClass());
            Map<String, DoubleTensor> inputs = Layers.inputs(layer, 1, method);
            DoubleTensor delta = Reference.run(AdapterGraphs.delta(method, layer), inputs);
            inputs.put(name, new ReferenceBackend().scale(Reference.get(inputs, name), 3));
            Tolerance.FLOAT64.check(
                    method.toString(),
                    Layers.run(AdapterGraphs.delta(method, layer), inputs),
                    new ReferenceBackend().scale(delta, 3).toArray());
        }));
        assertThat(linear)
                .containsOnly(Bone.class, MissMini.class, Lora.class)
                .contains(Bone.class, MissMini.class, Lora.class);
    }

    @Test
    void graphs_areNamedAfterMethodsAndLayer() {
        LayerSpec layer = Layers.layer(6, 12);
        String where = " model.layers.3.mlp.gate_proj (in 6, out 12)";
        assertThat(AdapterGraphs.base(layer).name()).isEqualTo("linear.forward" + where);
        Graph two = AdapterGraphs.forward(
                layer, List.of(new Bone(3), new Bat(3)), List.of(Evaluation.FACTORED, Evaluation.SPLIT), false);
        assertThat(two.name()).isEqualTo("bone+bat.forward" + where);
        assertThat(two.inputs().keySet()).containsExactly("x", "weight", "bias", "0.bone", "1.bone");
        assertThat(AdapterGraphs.merged(new Bat(3), layer).name()).isEqualTo("bat.merged" + where);
        assertThat(AdapterGraphs.delta(new Bat(3), layer).inputs().keySet()).containsExactly("weight", "bone");
    }

    /** x is cast to the weight's type, the parameters stay float32 and are cast too, y returns to the type of x. */
    @Test
    void types() {
        LayerSpec half = new LayerSpec("q", 6, 12, true, DType.BF16, DType.F32);
        Graph graph = AdapterGraphs.forward(new Lora(3, 3), half, Evaluation.FACTORED, true);
        assertThat(graph.inputs().values().stream().map(Tensor::type))
                .containsExactly(DType.F32, DType.BF16, DType.BF16, DType.F32, DType.F32);
        assertThat(graph.outputs().get("y").type()).isEqualTo(DType.F32);
        assertThat(graph.nodes().stream().filter(node -> node.op() instanceof Op.AddMatMul))
                .allSatisfy(node -> assertThat(node.type()).isEqualTo(DType.BF16));
    }

    @Test
    void explanation_amounts() {
        assertThat(List.of(0.0, 7.0, 999.4, 999.6, 1234.0, 12_345.0, 123_456.0, 999_600.0, 4.83e9, 2.5e18))
                .extracting(value -> Explanation.amount(value, "B"))
                .containsExactly(
                        "0 B", "7 B", "999 B", "1.00 kB", "1.23 kB", "12.3 kB", "123 kB", "1.00 MB", "4.83 GB",
                        "2500 PB");
    }
}
