package org.bonepeft.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bonepeft.graph.Cost;
import org.bonepeft.graph.Gradients;
import org.bonepeft.graph.Graph;
import org.bonepeft.graph.Tensor;
import org.bonepeft.reference.DoubleTensor;
import org.bonepeft.reference.ReferenceBackend;
import org.bonepeft.tensor.Shape;
import org.bonepeft.testkit.Reference;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** {@link Cost} says what the reference backend then does: operations counted, memory counted. */
class CostTest {
    private static final List<LayerSpec> LAYERS = List.of(Layers.layer(6, 12), Layers.layer(12, 6), Layers.layer(7, 8));

    private interface Check {
        void accept(AdapterMethod method, LayerSpec layer, Evaluation evaluation, long tokens);
    }

    private static Stream<DynamicTest> everywhere(Check check) {
        return LAYERS.stream().flatMap(layer -> Layers.fitting(3, layer).flatMap(method -> method.evaluations().stream()
                .map(evaluation -> dynamicTest(method + " " + evaluation + " on " + layer.describe(), () -> {
                    for (long tokens : new long[] {2, 5, 40}) {
                        check.accept(method, layer, evaluation, tokens);
                    }
                }))));
    }

    private static void check(String what, Cost cost, Graph graph, Map<String, DoubleTensor> inputs, long tokens) {
        ReferenceBackend backend = new ReferenceBackend();
        graph.evaluate(backend, inputs);
        assertThat(cost.flops().at(tokens)).as(what + ", operations").isEqualTo(backend.operations());
        assertThat(cost.allocatedBytes().at(tokens)).as(what + ", bytes").isEqualTo(8.0 * backend.allocatedElements());
    }

    @TestFactory
    Stream<DynamicTest> forward() {
        return everywhere((method, layer, evaluation, tokens) -> {
            Graph graph = AdapterGraphs.forward(method, layer, evaluation, false);
            Map<String, DoubleTensor> inputs = Layers.inputs(layer, tokens, method);
            check("forward", AdapterGraphs.cost(method, layer, evaluation, false), graph, inputs, tokens);
        });
    }

    @TestFactory
    Stream<DynamicTest> gradients() {
        return everywhere((method, layer, evaluation, tokens) -> {
            Graph graph = Gradients.of(
                    AdapterGraphs.forward(method, layer, evaluation, true), Layers.differentiable(layer, method));
            check("gradients", Cost.of(graph), graph, withCotangent(layer, tokens, method), tokens);
        });
    }

    @TestFactory
    Stream<DynamicTest> weights() {
        return LAYERS.stream().flatMap(layer -> Layers.fitting(3, layer)
                .map(method -> dynamicTest(method.toString(), () -> {
                    Map<String, DoubleTensor> inputs = Layers.inputs(layer, 1, method);
                    Graph merged = AdapterGraphs.merged(method, layer);
                    check("merged", Cost.of(merged), merged, inputs, 1);
                    inputs.put("merged", Reference.run(merged, inputs));
                    AdapterGraphs.inverse(method, layer)
                            .ifPresent(inverse -> check("inverse", Cost.of(inverse), inverse, inputs, 1));
                })));
    }

    /** Forward and backward in one: what a framework's autograd runs. */
    @TestFactory
    Stream<DynamicTest> training() {
        return everywhere((method, layer, evaluation, tokens) -> {
            Graph forward = AdapterGraphs.forward(method, layer, evaluation, true);
            Graph backward = Gradients.of(forward, Layers.differentiable(layer, method));
            Map<String, Tensor> outputs = new LinkedHashMap<>(forward.outputs());
            outputs.putAll(backward.outputs());
            Graph both = Graph.of("both", List.copyOf(backward.inputs().values()), outputs);
            check(
                    "training",
                    AdapterGraphs.cost(method, layer, evaluation, true),
                    both,
                    withCotangent(layer, tokens, method),
                    tokens);
        });
    }

    private static Map<String, DoubleTensor> withCotangent(LayerSpec layer, long tokens, AdapterMethod method) {
        Map<String, DoubleTensor> inputs = Layers.inputs(layer, tokens, method);
        inputs.put(Gradients.COTANGENT, Reference.random(Shape.of(tokens, layer.out()), 9));
        return inputs;
    }

    @Test
    void batRow_allocatesOnlyTokensTimesFeatures() {
        LayerSpec layer = Layers.layer(1024, 2048);
        Cost cost = AdapterGraphs.cost(new Bat(64, Grouping.ROW), layer, Evaluation.FACTORED, false);
        assertThat(cost.allocatedBytes().fixed()).isZero();
        // z and x + z, their sum over blocks, and y.
        assertThat(cost.allocatedBytes().perToken()).isEqualTo(8 * (2 * 1024 + 64 + 2048));
    }

    @Test
    void batCol_formsTheWeightOnce() {
        LayerSpec layer = Layers.layer(1024, 2048);
        Cost split = AdapterGraphs.cost(new Bat(64), layer, Evaluation.SPLIT, false);
        assertThat(split.allocatedBytes().fixed()).isEqualTo(8.0 * 1024 * 2048);
        Cost hadamard = AdapterGraphs.cost(new Hadamard(64), layer, Evaluation.SPLIT, false);
        assertThat(hadamard.allocatedBytes().fixed()).isEqualTo(8.0 * 1024 * 2048);
        Cost factored = AdapterGraphs.cost(new Bat(64), layer, Evaluation.FACTORED, false);
        assertThat(factored.allocatedBytes().fixed()).isZero();
    }

    @Test
    void reuse_happensWhereItShould() {
        LayerSpec layer = Layers.layer(6, 12);
        List<String> reused = new ArrayList<>();
        for (AdapterMethod method : List.of(
                new Bone(3),
                new Bone(3, Grouping.ROW),
                new MissMini(3, 2),
                new Bat(3),
                new Bat(3, Grouping.ROW),
                new Hadamard(3, Grouping.ROW),
                new Unconstrained(3),
                new Lora(3, 3),
                new Dora(3, 3))) {
            Graph graph =
                    AdapterGraphs.forward(method, layer, method.evaluations().get(0), true);
            long count =
                    graph.nodes().stream().filter(graph::mayReuseFirstOperand).count();
            reused.add(method.name() + " " + count);
        }
        assertThat(reused)
                .containsExactly(
                        "bone 1",
                        "bone-row 2",
                        "miss-mini 2",
                        "bat 2",
                        "bat-row 2",
                        "hadamard-row 2",
                        "unconstrained 2",
                        "lora 1",
                        "dora 3");
    }

    @Test
    void cheapest_byTokens() {
        LayerSpec layer = Layers.layer(1024, 2048);
        Bat bat = new Bat(64);
        assertThat(AdapterGraphs.cheapest(bat, layer, 1, false)).isEqualTo(Evaluation.FACTORED);
        assertThat(AdapterGraphs.cheapest(bat, layer, 8, true)).isEqualTo(Evaluation.FACTORED);
        assertThat(AdapterGraphs.cheapest(bat, layer, 512, false)).isEqualTo(Evaluation.SPLIT);
        assertThat(AdapterGraphs.cheapest(bat, layer, 512, true)).isEqualTo(Evaluation.SPLIT);
        assertThat(AdapterGraphs.cheapest(new Bat(64, Grouping.ROW), layer, 512, true))
                .isEqualTo(Evaluation.FACTORED);
        assertThat(AdapterGraphs.cheapest(new Hadamard(64), layer, 1, true)).isEqualTo(Evaluation.SPLIT);
        assertThat(AdapterGraphs.cheapest(new Dora(64, 64), layer, 512, true)).isEqualTo(Evaluation.FACTORED);
    }

    @Test
    void smallBone_keepsNoMoreThanSumsInTraining() {
        LayerSpec layer = Layers.layer(172, 64);
        for (AdapterMethod method : List.of(new Bone(16), new MissMini(16, 16))) {
            assertThat(AdapterGraphs.cheapest(method, layer, 512, false)).isEqualTo(Evaluation.FORMED);
            assertThat(AdapterGraphs.cheapest(method, layer, 512, true)).isEqualTo(Evaluation.FACTORED);
        }
        assertThat(AdapterGraphs.cheapest(new Bone(16, Grouping.ROW), layer, 512, true))
                .isEqualTo(Evaluation.FORMED);
    }

    @Test
    void explain() {
        LayerSpec layer = new LayerSpec("model.layers.0.mlp.up_proj", 1024, 2048, false);
        assertThat(AdapterGraphs.explain(new Bat(64), layer, 512, true)).isEqualTo("""
                bat on model.layers.0.mlp.up_proj (in 1024, out 2048), 512 tokens, forward and backward: SPLIT
                  SPLIT     7.38 GFLOP, 35.4 MB allocated, 8.52 MB kept for backward
                  FORMED    6.99 GFLOP, 58.2 MB allocated, 8.39 MB kept for backward
                  FACTORED  10.8 GFLOP, 426 MB allocated, 0 B kept for backward
                  the frozen layer alone: 2.15 GFLOP, 4.19 MB allocated
                """);
        assertThat(AdapterGraphs.explain(new Bat(64, Grouping.ROW), layer, 1, false))
                .isEqualTo("""
                bat-row on model.layers.0.mlp.up_proj (in 1024, out 2048), 1 token, forward: FACTORED
                  FACTORED  4.33 MFLOP, 16.6 kB allocated, 0 B kept for backward
                  FORMED    277 MFLOP, 33.8 MB allocated, 0 B kept for backward
                  the frozen layer alone: 4.19 MFLOP, 8.19 kB allocated
                """);
    }
}
