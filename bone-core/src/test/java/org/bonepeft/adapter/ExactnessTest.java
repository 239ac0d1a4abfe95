package org.bonepeft.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bonepeft.graph.Graph;
import org.bonepeft.reference.DoubleTensor;
import org.bonepeft.reference.ReferenceBackend;
import org.bonepeft.reference.ReferenceDecompositions;
import org.bonepeft.testkit.FiniteDifferences;
import org.bonepeft.testkit.Reference;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What holds for every method, in every evaluation, on layers of every kind of shape. */
class ExactnessTest {
    /** Block size and layer: taller, wider, square, one block, one row or column of blocks, blocks of 1, padded, b > in. */
    private record Setting(int b, LayerSpec layer) {
        static Setting of(int b, long in, long out) {
            return new Setting(b, Layers.layer(in, out));
        }
    }

    private static final List<Setting> SETTINGS = List.of(
            Setting.of(3, 6, 12),
            Setting.of(3, 12, 6),
            Setting.of(2, 6, 6),
            Setting.of(4, 4, 4),
            Setting.of(4, 4, 8),
            Setting.of(4, 8, 4),
            Setting.of(1, 3, 2),
            Setting.of(3, 7, 8),
            Setting.of(5, 4, 6),
            Setting.of(9, 4, 2));

    private static Stream<DynamicTest> everywhere(BiConsumer<AdapterMethod, LayerSpec> test) {
        return SETTINGS.stream().flatMap(setting -> Layers.fitting(setting.b, setting.layer)
                .map(method -> dynamicTest(
                        method + " on " + setting.layer.describe(), () -> test.accept(method, setting.layer))));
    }

    @Test
    void settings_coverEveryMethod() {
        Set<Class<?>> covered = SETTINGS.stream()
                .flatMap(setting -> Layers.fitting(setting.b, setting.layer))
                .map(AdapterMethod::getClass)
                .collect(Collectors.toSet());
        assertThat(covered).containsExactlyInAnyOrder(AdapterMethod.class.getPermittedSubclasses());
    }

    @TestFactory
    Stream<DynamicTest> forward_isXTimesMerged() {
        return everywhere((method, layer) -> {
            for (long tokens : new long[] {1, 2, 5}) {
                Map<String, DoubleTensor> inputs = Layers.inputs(layer, tokens, method);
                double[] merged = Layers.run(AdapterGraphs.merged(method, layer), inputs);
                double[] expected = Layers.linear(Reference.get(inputs, "x"), merged, Reference.get(inputs, "bias"));
                for (Evaluation evaluation : method.evaluations()) {
                    Graph graph = AdapterGraphs.forward(method, layer, evaluation, true);
                    Tolerance.FLOAT64.check(evaluation + ", " + tokens, Layers.run(graph, inputs), expected);
                }
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> forward_withoutBias() {
        return everywhere((method, layer) -> {
            LayerSpec bare =
                    new LayerSpec(layer.path(), layer.in(), layer.out(), false, layer.weightType(), layer.inputType());
            Map<String, DoubleTensor> inputs = Layers.inputs(layer, 3, method);
            Arrays.fill(Reference.get(inputs, "bias").toArray(), 0);
            for (Evaluation evaluation : method.evaluations()) {
                double[] expected = Layers.run(AdapterGraphs.forward(method, layer, evaluation, false), inputs);
                double[] actual = Layers.run(AdapterGraphs.forward(method, bare, evaluation, false), inputs);
                Tolerance.FLOAT64.check(evaluation.toString(), actual, expected);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> merged_isWeightPlusDelta_andInverseUndoesIt() {
        return everywhere((method, layer) -> {
            Map<String, DoubleTensor> inputs = Layers.inputs(layer, 1, method);
            double[] weight = Reference.get(inputs, "weight").toArray();
            double[] delta = Layers.run(AdapterGraphs.delta(method, layer), inputs);
            DoubleTensor merged = Reference.run(AdapterGraphs.merged(method, layer), inputs);
            double[] sum = weight.clone();
            for (int i = 0; i < sum.length; i++) {
                sum[i] += delta[i];
            }
            Tolerance.FLOAT64.check("merged", merged.toArray(), sum);
            inputs.put("merged", merged);
            AdapterGraphs.inverse(method, layer)
                    .ifPresent(graph -> Tolerance.FLOAT64.check("inverse", Layers.run(graph, inputs), weight));
            assertThat(AdapterGraphs.inverse(method, layer).isEmpty()).isEqualTo(method instanceof Dora);
        });
    }

    @TestFactory
    Stream<DynamicTest> freshAdapter_isTheBase_unlessDrawnOtherwise() {
        return everywhere((method, layer) -> {
            Map<String, DoubleTensor> inputs = Layers.inputs(layer, 3, method);
            double[] base = Layers.run(AdapterGraphs.base(layer), inputs);
            Map<String, DoubleTensor> started = new LinkedHashMap<>(inputs);
            started.putAll(Layers.drawn(layer, method));
            method.weightStart(layer)
                    .ifPresent(start -> started.putAll(
                            start.evaluate(new ReferenceBackend(), new ReferenceDecompositions(0), started)));
            double[] fresh = Layers.run(
                    AdapterGraphs.forward(method, layer, method.evaluations().get(0), true), started);
            boolean random = method instanceof Bone bone && bone.randomStart();
            if (random) {
                assertThat(fresh).isNotEqualTo(base);
            } else {
                Tolerance.FLOAT64.check("fresh", fresh, base);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> gradients_areFiniteDifferences() {
        return everywhere((method, layer) -> {
            if (method instanceof Dora) {
                return; // its norm is a constant for the gradient alone: DoraTest
            }
            Map<String, DoubleTensor> inputs = Layers.inputs(layer, 3, method);
            for (Evaluation evaluation : method.evaluations()) {
                FiniteDifferences.check(
                        AdapterGraphs.forward(method, layer, evaluation, true),
                        inputs,
                        Layers.differentiable(layer, method));
            }
        });
    }

    /** Two adapters, one after the other, in every pair of methods and of evaluations. */
    @TestFactory
    Stream<DynamicTest> composed_isMergedOneAfterTheOther() {
        LayerSpec layer = Layers.layer(6, 12);
        return Layers.fitting(3, layer)
                .map(first -> dynamicTest(first.toString(), () -> {
                    for (AdapterMethod second : Layers.fitting(3, layer).toList()) {
                        Map<String, DoubleTensor> inputs = Layers.inputs(layer, 2, first, second);
                        Map<String, DoubleTensor> own = new LinkedHashMap<>(inputs);
                        for (int k = 0; k < 2; k++) {
                            AdapterMethod method = k == 0 ? first : second;
                            for (AdapterParameter parameter : method.parameters(layer)) {
                                own.put(parameter.name(), Reference.get(inputs, k + "." + parameter.name()));
                            }
                            own.put("weight", Reference.run(AdapterGraphs.merged(method, layer), own));
                        }
                        double[] expected = Layers.linear(
                                Reference.get(inputs, "x"),
                                Reference.get(own, "weight").toArray(),
                                Reference.get(inputs, "bias"));
                        for (Evaluation a : first.evaluations()) {
                            for (Evaluation b : second.evaluations()) {
                                Graph graph = AdapterGraphs.forward(layer, List.of(first, second), List.of(a, b), true);
                                Tolerance.FLOAT64.check(
                                        second + " " + a + " " + b, Layers.run(graph, inputs), expected);
                            }
                        }
                    }
                }));
    }
}
