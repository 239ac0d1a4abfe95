package org.bonepeft.djl.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.AdapterGraphs;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Evaluation;
import org.bonepeft.adapter.Grouping;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.adapter.Lora;
import org.bonepeft.djl.TestMethods;
import org.bonepeft.djl.backend.GraphRunner;
import org.bonepeft.graph.Graph;
import org.bonepeft.graph.Tensor;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.bonepeft.testkit.BackendContract;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TorchGraphRunnerTest {
    private NDManager manager;
    private GraphRunner runner;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
        runner = TorchGraphRunner.of(manager);
    }

    @AfterEach
    void close() {
        manager.close();
    }

    @TestFactory
    Stream<DynamicTest> contract() {
        NDManager own = NDManager.newBaseManager();
        return BackendContract.cases(
                        new SingleOpBackend(TorchGraphRunner.of(own), own),
                        (elements, shape) -> own.create(elements)
                                .reshape(new ai.djl.ndarray.types.Shape(shape.toArray()))
                                .toType(DataType.FLOAT64, true),
                        Wave::doubles,
                        Tolerance.FLOAT64)
                .entrySet()
                .stream()
                .map(test -> DynamicTest.dynamicTest(test.getKey(), test.getValue()::run))
                .onClose(own::close);
    }

    private Map<String, NDArray> inputs(Graph graph, long tokens) {
        Map<String, NDArray> inputs = new LinkedHashMap<>();
        graph.inputs().forEach((label, tensor) -> {
            long[] shape = tensor.shape().withTokens(tokens).toArray();
            NDArray wide = Wave.of(manager, DataType.FLOAT32, inputs.size(), shape);
            inputs.put(label, TorchTypes.cast(wide, tensor.type()));
        });
        return inputs;
    }

    @Test
    void run_equalGraphs_shareOneModule() {
        LayerSpec spec = new LayerSpec("here", 1234, 5, true, DType.F32, DType.F32);
        Graph graph = AdapterGraphs.forward(new Bone(2), spec, Evaluation.FACTORED, false);
        runner.run(graph, inputs(graph, 3), manager);
        runner.run(graph, inputs(graph, 5), manager);
        assertThat(TorchModule.owners(GraphScript.of(graph).text())).isEqualTo(1);
        LayerSpec elsewhere = new LayerSpec("there", 1234, 5, true, DType.F32, DType.F32);
        Graph equal = AdapterGraphs.forward(new Bone(2), elsewhere, Evaluation.FACTORED, false);
        NDArray y = runner.run(equal, inputs(equal, 7), manager);
        assertThat(TorchModule.owners(GraphScript.of(graph).text())).isEqualTo(2);
        assertThat(y.getManager()).isSameAs(manager);
        assertThat(y.getShape().getShape()).containsExactly(7, 5);
    }

    @Test
    void run_graphIsGarbage_freesTheModule() throws InterruptedException {
        String text = runOnce();
        for (int i = 0; i < 200 && TorchModule.owners(text) > 0; i++) {
            System.gc();
            Thread.sleep(20);
        }
        assertThat(TorchModule.owners(text)).isZero();
    }

    private String runOnce() {
        Tensor x = Tensor.input("x", Shape.of(3), DType.F32);
        Graph graph = Graph.of("once", List.of(x), Map.of("y", x.scale(1234.5).add(x)));
        runner.run(graph, inputs(graph, 1), manager);
        String text = GraphScript.of(graph).text();
        assertThat(TorchModule.owners(text)).isEqualTo(1);
        return text;
    }

    @Test
    void run_unusedInput_needNotBeGivenButAUsedOneMust() {
        Tensor x = Tensor.input("x", Shape.of(2), DType.F32);
        Tensor unused = Tensor.input("unused", Shape.of(2), DType.F32);
        Graph graph = Graph.of("twice", List.of(unused, x), Map.of("y", x.scale(2)));
        NDArray y = runner.run(graph, Map.of("x", manager.create(new float[] {1, 2})), manager);
        assertThat(y.toFloatArray()).containsExactly(2, 4);
        assertThatThrownBy(() -> runner.run(graph, Map.of("z", y), manager))
                .isInstanceOf(BoneException.class)
                .hasMessage("twice needs the input x, was given [z]");
    }

    @Test
    void run_reusedAddend_leavesInputsAlone() {
        LayerSpec spec = new LayerSpec("layer", 6, 4, true, DType.F32, DType.F32);
        Graph graph = AdapterGraphs.forward(new Lora(2, 4), spec, Evaluation.FACTORED, false);
        assertThat(GraphScript.of(graph).text()).contains("addmm_(");
        Map<String, NDArray> inputs = inputs(graph, 3);
        Map<String, float[]> before = new LinkedHashMap<>();
        inputs.forEach((label, array) -> before.put(label, array.toFloatArray()));
        runner.run(graph, inputs, manager);
        inputs.forEach((label, array) -> assertThat(array.toFloatArray()).containsExactly(before.get(label)));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void run_fewTokens_agreesWithOpByOp(long tokens) {
        LayerSpec spec = new LayerSpec("layer", 256, 256, true, DType.F32, DType.F32);
        for (AdapterMethod method : List.of(new Lora(2, 4), new Bone(2), new Bat(2), new Bat(2, Grouping.ROW))) {
            for (Evaluation evaluation : method.evaluations()) {
                Graph graph = AdapterGraphs.forward(method, spec, evaluation, false);
                if (evaluation == Evaluation.FACTORED) {
                    assertThat(GraphScript.of(graph).text())
                            .contains(method.equals(new Bat(2)) ? "torch.transpose(" : "torch.bmm(");
                }
                NDArray[] inputs = inputs(graph, tokens).values().toArray(NDArray[]::new);
                List<double[]> expected = Wave.run(() -> run(GraphRunner.opByOp(), graph, inputs), inputs);
                List<double[]> actual = Wave.run(() -> run(runner, graph, inputs), inputs);
                for (int i = 0; i < expected.size(); i++) {
                    Tolerance.FLOAT32.check(method + " " + evaluation + " " + i, actual.get(i), expected.get(i));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {3, 12})
    void run_withGradients_hasTheSameBits(long tokens) {
        LayerSpec spec = new LayerSpec("layer", 24, 12, true, DType.F32, DType.F32);
        for (AdapterMethod method : TestMethods.all(4)) {
            for (Evaluation evaluation : method.evaluations()) {
                Graph graph = AdapterGraphs.forward(method, spec, evaluation, false);
                Map<String, NDArray> inputs = inputs(graph, tokens);
                NDArray without = TorchAutograd.with(false, () -> runner.run(graph, inputs, manager));
                inputs.values().forEach(input -> input.setRequiresGradient(true));
                NDArray with = TorchAutograd.with(true, () -> runner.run(graph, inputs, manager));
                assertThat(with.stopGradient().toFloatArray())
                        .as("%s %s", method, evaluation)
                        .isEqualTo(without.toFloatArray());
            }
        }
    }

    /** Its weight of 32 MiB is taken in two bands. */
    @Test
    void run_largeBat_agreesWithOpByOpAndItsOtherForm() {
        LayerSpec spec = new LayerSpec("layer", 1024, 8192, true, DType.F32, DType.F32);
        Graph split = AdapterGraphs.forward(new Bat(64), spec, Evaluation.SPLIT, true);
        Graph factored = AdapterGraphs.forward(new Bat(64), spec, Evaluation.FACTORED, true);
        assertThat(GraphScript.of(split).text()).contains("torch.cat(");
        Map<String, NDArray> all = inputs(split, 3);
        NDArray[] wrt = all.entrySet().stream()
                .filter(input -> !input.getKey().equals(LayerSpec.WEIGHT))
                .map(Map.Entry::getValue)
                .toArray(NDArray[]::new);
        List<double[]> actual = Wave.run(() -> runner.run(split, all, manager), wrt);
        List<double[]> opByOp = Wave.run(() -> GraphRunner.opByOp().run(split, all, manager), wrt);
        List<double[]> otherForm = Wave.run(() -> runner.run(factored, all, manager), wrt);
        for (int i = 0; i < actual.size(); i++) {
            Tolerance.FLOAT32.check("op by op " + i, actual.get(i), opByOp.get(i));
            Tolerance.FLOAT32.check("other form " + i, actual.get(i), otherForm.get(i));
        }
    }

    private NDArray run(GraphRunner by, Graph graph, NDArray[] inputs) {
        Map<String, NDArray> named = new LinkedHashMap<>();
        graph.inputs().keySet().forEach(label -> named.put(label, inputs[named.size()]));
        return by.run(graph, named, manager);
    }

    @Test
    void run_dropout_repeatsAfterTheSameSeed() {
        LayerSpec spec = new LayerSpec("layer", 6, 4, false, DType.F32, DType.F32);
        Graph graph = AdapterGraphs.forward(new Lora(2, 4, false, 0.5), spec, Evaluation.FACTORED, true);
        Map<String, NDArray> inputs = inputs(graph, 50);
        manager.getEngine().setRandomSeed(1);
        float[] first = runner.run(graph, inputs, manager).toFloatArray();
        float[] second = runner.run(graph, inputs, manager).toFloatArray();
        manager.getEngine().setRandomSeed(1);
        assertThat(runner.run(graph, inputs, manager).toFloatArray()).containsExactly(first);
        assertThat(second).isNotEqualTo(first);
    }

    @Test
    void run_severalThreads_giveTheSameGradients() throws Exception {
        LayerSpec spec = new LayerSpec("layer", 6, 4, true, DType.F64, DType.F64);
        Graph graph = AdapterGraphs.forward(new Lora(2, 4), spec, Evaluation.FACTORED, false);
        List<double[]> expected = gradients(graph);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<List<double[]>>> results = Stream.generate(() -> threads.submit(() -> gradients(graph)))
                    .limit(32)
                    .toList();
            for (Future<List<double[]>> result : results) {
                for (int i = 0; i < expected.size(); i++) {
                    assertThat(result.get().get(i)).containsExactly(expected.get(i));
                }
            }
        } finally {
            threads.shutdown();
        }
    }

    private List<double[]> gradients(Graph graph) {
        Map<String, NDArray> inputs = inputs(graph, 3);
        return Wave.run(
                () -> runner.run(graph, inputs, manager), inputs.values().toArray(NDArray[]::new));
    }

    /** The base in bfloat16, the adapter in float32, activations in either. */
    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void run_bfloat16Weight_agreesWithFloat32(DType activations) {
        LayerSpec half = new LayerSpec("layer", 6, 4, true, DType.BF16, activations);
        LayerSpec full = new LayerSpec("layer", 6, 4, true, DType.F32, DType.F32);
        for (Evaluation evaluation : new Bone(2).evaluations()) {
            Graph graph = AdapterGraphs.forward(new Bone(2), half, evaluation, false);
            Map<String, NDArray> inputs = inputs(graph, 5);
            NDArray x = inputs.get("x");
            NDArray bone = inputs.get("bone");
            Graph exact = AdapterGraphs.forward(new Bone(2), full, evaluation, false);
            Map<String, NDArray> wide = new LinkedHashMap<>();
            inputs.forEach((label, array) ->
                    wide.put(label, manager.create(TorchTypes.floats(array)).reshape(array.getShape())));
            float[][] actual = train(graph, inputs, x, bone);
            float[][] expected = train(exact, wide, wide.get("x"), wide.get("bone"));
            for (int i = 0; i < 3; i++) {
                Tolerance.BFLOAT16.check("result " + i + " " + evaluation, actual[i], expected[i]);
            }
            assertThat(TorchTypes.of(runner.run(graph, inputs, manager))).isEqualTo(activations);
        }
    }

    private float[][] train(Graph graph, Map<String, NDArray> inputs, NDArray x, NDArray bone) {
        x.setRequiresGradient(true);
        bone.setRequiresGradient(true);
        return TorchAutograd.with(true, () -> {
            NDArray y = runner.run(graph, inputs, manager);
            NDArray dy = Wave.of(manager, DataType.FLOAT32, 3, y.getShape().getShape());
            TorchAutograd.backward(y, TorchTypes.cast(dy, TorchTypes.of(y)));
            return new float[][] {
                TorchTypes.floats(y),
                TorchTypes.floats(TorchAutograd.gradient(x).orElseThrow()),
                TorchTypes.floats(TorchAutograd.gradient(bone).orElseThrow())
            };
        });
    }
}
