package org.bonepeft.djl.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.AdapterGraphs;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Dora;
import org.bonepeft.adapter.Evaluation;
import org.bonepeft.adapter.Grouping;
import org.bonepeft.adapter.Hadamard;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.adapter.Lora;
import org.bonepeft.adapter.MissMini;
import org.bonepeft.djl.backend.GraphCall;
import org.bonepeft.djl.backend.GraphRunner;
import org.bonepeft.graph.Graph;
import org.bonepeft.graph.Tensor;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A layer of three linears against the graphs of these, run one after the other and op by op. */
class LayerScriptTest {
    private static final String TEXT = """
            def layer(self: __torch__.M, x: Tensor, p: List[Tensor]) -> Tensor:
              a, b = self.both(x, p)
              c = self.last(torch.mul(torch.add(a, b), p[0]), p)
              return torch.cat([a, b, c], 1)
            """;

    private final NDManager manager = NDManager.newBaseManager();
    private final LayerScript layer =
            new LayerScript(TEXT, 1, new LayerScript.Gap("both", "a", "b"), new LayerScript.Gap("last", "c"));

    @AfterEach
    void close() {
        manager.close();
    }

    /** What the linears a, b and c carry, each of them some methods. */
    record Case(DType type, List<List<AdapterMethod>> methods) {
        Case(DType type, List<AdapterMethod> a, List<AdapterMethod> b, List<AdapterMethod> c) {
            this(type, List.of(a, b, c));
        }

        /** In float32 the smallest that has products of a few rows. */
        long size() {
            return type == DType.F32 ? 256 : 24;
        }

        Tolerance tolerance() {
            return type == DType.F32 ? Tolerance.FLOAT32 : Tolerance.FLOAT64;
        }
    }

    static Stream<Case> cases() {
        List<AdapterMethod> plain = List.of();
        List<AdapterMethod> lora = List.of(new Lora(2, 4));
        List<AdapterMethod> bone = List.of(new Bone(4));
        List<AdapterMethod> boneRow = List.of(new Bone(4, Grouping.ROW));
        List<AdapterMethod> bat = List.of(new Bat(4));
        List<AdapterMethod> batRow = List.of(new Bat(4, Grouping.ROW));
        List<AdapterMethod> dora = List.of(new Dora(2, 4));
        List<AdapterMethod> hadamard = List.of(new Hadamard(4, Grouping.COL));
        List<AdapterMethod> two = List.of(new Lora(2, 4), new Bone(4));
        List<AdapterMethod> three = List.of(new MissMini(4, 2), new Bat(4), new Bone(4, Grouping.ROW));
        return Stream.of(DType.F32, DType.F64)
                .flatMap(type -> Stream.of(
                        new Case(type, plain, plain, plain),
                        new Case(type, lora, lora, plain),
                        new Case(type, bone, bone, boneRow),
                        new Case(type, boneRow, boneRow, bone),
                        new Case(type, bat, bat, batRow),
                        new Case(type, batRow, batRow, dora),
                        new Case(type, dora, bone, hadamard),
                        new Case(type, two, bone, three),
                        new Case(type, three, three, two)));
    }

    /** The graphs and values of the three linears. */
    private record Linears(Map<String, GraphCall> calls, NDArray scale) {
        NDArray[] values() {
            List<NDArray> values = new ArrayList<>(List.of(scale));
            calls.values().forEach(call -> values.addAll(call.values().values()));
            return values.toArray(NDArray[]::new);
        }
    }

    private Linears linears(Case of, boolean last) {
        Map<String, GraphCall> calls = new LinkedHashMap<>();
        for (String name : List.of("a", "b", "c")) {
            List<AdapterMethod> methods = of.methods().get(calls.size());
            LayerSpec spec = new LayerSpec(name, of.size(), of.size(), !name.equals("b"), of.type(), of.type());
            List<Evaluation> evaluations = methods.stream()
                    .map(method ->
                            method.evaluations().get(last ? method.evaluations().size() - 1 : 0))
                    .toList();
            Graph graph = AdapterGraphs.forward(spec, methods, evaluations, false);
            calls.put(name, new GraphCall(graph, values(graph, calls.size())));
        }
        return new Linears(calls, uniform(of.type(), 9, 1, of.size()));
    }

    private Map<String, NDArray> values(Graph graph, int phase) {
        Map<String, NDArray> values = new LinkedHashMap<>();
        GraphScript.inputs(graph).stream()
                .filter(label -> !label.equals(LayerSpec.X))
                .forEach(label -> {
                    Tensor input = graph.inputs().get(label);
                    long[] shape = input.shape().toArray();
                    double deviation = 1 / Math.sqrt(shape[shape.length - 1]);
                    values.put(
                            label,
                            uniform(input.type(), 10 * phase + values.size(), shape)
                                    .mul(deviation));
                });
        return values;
    }

    private NDArray uniform(DType type, long seed, long... shape) {
        double[] values = new Random(seed)
                .doubles(new ai.djl.ndarray.types.Shape(shape).size())
                .map(value -> 2 * value - 1)
                .toArray();
        return manager.create(values)
                .reshape(new ai.djl.ndarray.types.Shape(shape))
                .toType(type == DType.F32 ? DataType.FLOAT32 : DataType.FLOAT64, true);
    }

    private NDArray run(NDArray x, Linears linears) {
        LayerScript.Filled filled = layer.fill(linears.calls(), x);
        return filled.method("layer")
                .tensor(x)
                .list(filled.tensors(linears.scale()))
                .run()
                .singletonOrThrow();
    }

    private NDArray oneByOne(GraphRunner runner, NDArray x, Linears linears) {
        NDArray a = one(runner, x, linears.calls().get("a"));
        NDArray b = one(runner, x, linears.calls().get("b"));
        NDArray c = one(runner, a.add(b).mul(linears.scale()), linears.calls().get("c"));
        return NDArrays.concat(new NDList(a, b, c), 1);
    }

    private NDArray one(GraphRunner runner, NDArray x, GraphCall call) {
        Map<String, NDArray> values = new HashMap<>(call.values());
        values.put(LayerSpec.X, x);
        return runner.run(call.graph(), values, manager);
    }

    private static NDArray[] with(NDArray x, NDArray... others) {
        return Stream.concat(Stream.of(x), Stream.of(others)).toArray(NDArray[]::new);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void layer_isItsLinearsOneByOne_inValuesAndGradients(Case of) {
        for (boolean last : new boolean[] {false, true}) {
            Linears linears = linears(of, last);
            for (long tokens : new long[] {1, 2, 4, 5, 40}) {
                NDArray x = uniform(of.type(), 8, tokens, of.size());
                NDArray[] inputs = with(x, linears.values());
                List<double[]> expected = Wave.run(() -> oneByOne(GraphRunner.opByOp(), x, linears), inputs);
                List<double[]> actual = Wave.run(() -> run(x, linears), inputs);
                for (int i = 0; i < expected.size(); i++) {
                    of.tolerance().check(tokens + " tokens, result " + i, actual.get(i), expected.get(i));
                }
                double[] unrecorded = TorchAutograd.with(false, () -> {
                    NDArray y = run(x, linears);
                    assertThat(TorchAutograd.isRecorded(y)).isFalse();
                    return Wave.doubles(y);
                });
                of.tolerance().check(tokens + " tokens, not recorded", unrecorded, expected.get(0));
            }
        }
    }

    @Test
    void layer_leavesXAndAllTensorsAlone() {
        Case of = new Case(DType.F32, List.of(new Lora(2, 4)), List.of(new Bone(4)), List.of(new Bat(4)));
        for (long tokens : new long[] {2, 9}) {
            Linears linears = linears(of, false);
            NDArray[] inputs = with(uniform(of.type(), 8, tokens, of.size()), linears.values());
            List<double[]> before = Stream.of(inputs).map(Wave::doubles).toList();
            run(inputs[0], linears);
            for (int i = 0; i < inputs.length; i++) {
                assertThat(Wave.doubles(inputs[i])).containsExactly(before.get(i));
            }
        }
    }

    /** What both compute of x, but each writes its sum over. */
    @Test
    void whatALinearOverwrites_isNotShared() {
        Tensor x = Tensor.input(LayerSpec.X, Shape.of(Shape.TOKENS, 24), DType.F32);
        Map<String, GraphCall> calls = new LinkedHashMap<>();
        for (String name : List.of("a", "b", "c")) {
            Tensor y =
                    x.pad(1, 0, 8).add(x.scale(1 + calls.size()).pad(1, 4, 4)).slice(1, 2, 26);
            calls.put(name, new GraphCall(Graph.of(name, List.of(x), Map.of(LayerSpec.Y, y)), Map.of()));
        }
        assertThat(GraphScript.of(calls.get("a").graph()).text()).contains("add_(");
        Linears linears = new Linears(calls, uniform(DType.F32, 9, 1));
        NDArray given = uniform(DType.F32, 8, 5, 24);
        Tolerance.FLOAT32.check(
                "layer",
                Wave.doubles(run(given, linears)),
                Wave.doubles(oneByOne(GraphRunner.opByOp(), given, linears)));
    }

    /** Linears that drop elements of the same x drop others each, in the order in which they stand. */
    @Test
    void dropout_isNotShared() {
        LayerSpec spec = new LayerSpec("both", 24, 24, false);
        Graph graph = AdapterGraphs.forward(new Lora(2, 4, false, 0.5), spec, Evaluation.FACTORED, true);
        Map<String, NDArray> values = values(graph, 0);
        GraphCall same = new GraphCall(graph, values);
        Linears linears = new Linears(Map.of("a", same, "b", same, "c", same), uniform(DType.F32, 9, 1));
        for (long tokens : new long[] {3, 40}) {
            NDArray x = uniform(DType.F32, 8, tokens, 24);
            manager.getEngine().setRandomSeed(5);
            NDArray actual = run(x, linears);
            manager.getEngine().setRandomSeed(5);
            NDArray expected = oneByOne(TorchGraphRunner.of(manager), x, linears);
            Tolerance.FLOAT32.check("after the same seed", Wave.doubles(actual), Wave.doubles(expected));
            assertThat(actual.get(":, :24").toFloatArray())
                    .isNotEqualTo(actual.get(":, 24:48").toFloatArray());
        }
    }

    @Test
    void layer_severalThreads_haveTheSameGradients() throws Exception {
        Case of = new Case(DType.F64, List.of(new Bone(4)), List.of(new Lora(2, 4)), List.of(new Bat(4)));
        List<double[]> expected = gradients(of, 7);
        List<double[]> few = gradients(of, 2);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<List<double[]>>> results = IntStream.range(0, 32)
                    .mapToObj(i -> threads.submit(() -> gradients(of, i % 2 == 0 ? 7 : 2)))
                    .toList();
            for (int i = 0; i < results.size(); i++) {
                List<double[]> actual = results.get(i).get();
                for (int k = 0; k < expected.size(); k++) {
                    assertThat(actual.get(k)).containsExactly((i % 2 == 0 ? expected : few).get(k));
                }
            }
        } finally {
            threads.shutdown();
        }
    }

    private List<double[]> gradients(Case of, long tokens) {
        Linears linears = linears(of, false);
        NDArray x = uniform(of.type(), 8, tokens, of.size());
        return Wave.run(() -> run(x, linears), with(x, linears.values()));
    }

    @Test
    void fill_moreCombinationsThanAreKept_staysRight() {
        NDArray x = uniform(DType.F32, 8, 5, 24);
        LayerSpec spec = new LayerSpec("layer", 24, 24, false);
        List<Linears> all = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            Graph graph = AdapterGraphs.forward(new Lora(2, 1 + i), spec, Evaluation.FACTORED, false);
            GraphCall call = new GraphCall(graph, values(graph, i));
            all.add(new Linears(Map.of("a", call, "b", call, "c", call), uniform(DType.F32, 9, 1)));
        }
        LayerScript.Filled first = layer.fill(all.get(0).calls(), x);
        for (int round = 0; round < 2; round++) {
            for (Linears linears : all) {
                Tolerance.FLOAT32.check(
                        "layer",
                        Wave.doubles(run(x, linears)),
                        Wave.doubles(oneByOne(GraphRunner.opByOp(), x, linears)));
            }
        }
        NDArray kept = first.method("layer")
                .tensor(x)
                .list(first.tensors(all.get(0).scale()))
                .run()
                .singletonOrThrow();
        assertThat(kept.toFloatArray())
                .as("of a module that is not kept any more")
                .containsExactly(run(x, all.get(0)).toFloatArray());
    }

    @Test
    void tensors_aMissingInput_isNamed() {
        Linears linears = linears(new Case(DType.F32, List.of(), List.of(), List.of()), false);
        NDArray x = uniform(DType.F32, 8, 5, 256);
        Map<String, GraphCall> calls = new HashMap<>(linears.calls());
        GraphCall whole = linears.calls().get("a");
        calls.put(
                "a",
                new GraphCall(
                        whole.graph(), Map.of(LayerSpec.WEIGHT, whole.values().get(LayerSpec.WEIGHT))));
        LayerScript.Filled filled = layer.fill(calls, x);
        assertThatThrownBy(() -> filled.tensors(linears.scale()))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("a (in 256, out 256)")
                .hasMessageEndingWith("needs the input bias, was given [weight]");
        assertThatThrownBy(() -> layer.fill(linears.calls(), x).tensors())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("0 tensors, expected 1");
    }

    /** x times a number, beside a text that calls it; the module's whole text is known. */
    private static final class Scaled {
        private final LayerScript script;
        private final Graph graph;
        private final String text;

        Scaled(double factor) {
            String body = """
                    def scaled(self: __torch__.M, x: Tensor, p: List[Tensor], times: str) -> Tensor:
                      return torch.mul(self.gap(x, p), float(times))
                    """;
            script = new LayerScript(body, 1, new LayerScript.Gap("gap", "linear"));
            Tensor x = Tensor.input(LayerSpec.X, Shape.of(Shape.TOKENS, 256), DType.F32);
            graph = Graph.of("scaled", List.of(x), Map.of(LayerSpec.Y, x.scale(factor)));
            text = body + "\ndef gap(self: __torch__.M, x: Tensor, p: List[Tensor]) -> Tensor:\n"
                    + "  v0 = torch.mul(x, " + factor + ")\n  return v0\n\n";
        }

        NDArray run(NDArray x) {
            LayerScript.Filled filled = script.fill(Map.of("linear", new GraphCall(graph, Map.of())), x);
            return filled.method("scaled")
                    .tensor(x)
                    .list(filled.tensors(x))
                    .number(2)
                    .run()
                    .singletonOrThrow();
        }
    }

    @Test
    void fill_equalTexts_shareAModule_whichIsFreedWithTheLastLayer() throws InterruptedException {
        String text = runTwo();
        for (int i = 0; i < 200 && TorchModule.owners(text) > 0; i++) {
            System.gc();
            Thread.sleep(20);
        }
        assertThat(TorchModule.owners(text)).isZero();
    }

    private String runTwo() {
        NDArray x = uniform(DType.F32, 8, 5, 256);
        Scaled first = new Scaled(5432.5);
        Scaled second = new Scaled(5432.5);
        first.run(x);
        first.run(x);
        assertThat(TorchModule.owners(first.text)).isEqualTo(1);
        second.run(x);
        assertThat(TorchModule.owners(first.text)).isEqualTo(2);
        return second.text;
    }

    @Test
    void twentyThousandCalls_growNothing() throws IOException {
        Path statm = Path.of("/proc/self/statm");
        assumeThat(statm).exists();
        Scaled scaled = new Scaled(2);
        NDArray x = uniform(DType.F32, 8, 64, 256);
        x.setRequiresGradient(true);
        call(scaled, x, 2_000);
        int arrays = manager.getManagedArrays().size();
        long pages = residentPages(statm);
        call(scaled, x, 20_000);
        assertThat(manager.getManagedArrays()).hasSize(arrays);
        // 128 KiB a call: 2.4 GiB if it leaked
        assertThat(residentPages(statm) - pages).isLessThan(256 * 1024 / 4);
    }

    private static void call(Scaled scaled, NDArray x, int calls) {
        for (int i = 0; i < calls; i++) {
            TorchAutograd.with(i % 2 == 0, () -> {
                try (NDScope scope = new NDScope()) {
                    scope.suppressNotUsedWarning();
                    return scaled.run(x);
                }
            });
        }
    }

    private static long residentPages(Path statm) throws IOException {
        return Long.parseLong(Files.readString(statm).split(" ", 3)[1]);
    }
}
