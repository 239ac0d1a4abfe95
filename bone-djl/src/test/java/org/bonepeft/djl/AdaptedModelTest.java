package org.bonepeft.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.ThrowableAssert;
import org.bonepeft.adapter.AdapterException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Grouping;
import org.bonepeft.adapter.Lora;
import org.bonepeft.adapter.Pissa;
import org.bonepeft.peft.Targets;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class AdaptedModelTest {
    private final SplittableRandom random = new SplittableRandom(7);
    private NDManager manager;
    private SequentialBlock block;
    private NDArray x;
    private AdaptedModel model;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
        manager.getEngine().setRandomSeed(7);
        block = new SequentialBlock()
                .add(Linear.builder().setUnits(24).build())
                .add(Activation::tanh)
                .add(Linear.builder().setUnits(16).build());
        block.setInitializer(new NormalInitializer(0.3f), parameter -> true);
        block.initialize(manager, DataType.FLOAT32, new Shape(1, 16));
        x = manager.randomNormal(new Shape(6, 16));
    }

    @AfterEach
    void close() {
        manager.close();
    }

    static List<AdapterMethod> methods() {
        return TestMethods.all(4);
    }

    static List<AdapterMethod> rowWise() {
        return List.of(new Bone(4), new Bone(4, Grouping.ROW), new Bat(4, Grouping.ROW), new Lora(4, 8));
    }

    private static AdapterConfig config(String name, AdapterMethod method, String... targets) {
        return AdapterConfig.builder()
                .optName(name)
                .setMethod(method)
                .setTargets(Targets.of(targets))
                .build();
    }

    private AdaptedModel attached(String name, AdapterMethod method) {
        model = Adapters.attach(block, config(name, method, Targets.ALL_LINEAR));
        perturb(name);
        return model;
    }

    private void add(String name, AdapterMethod method, String... targets) {
        model.add(config(name, method, targets.length == 0 ? new String[] {Targets.ALL_LINEAR} : targets));
        perturb(name);
    }

    /** Moves an adapter away from its start, so that it does something. */
    private void perturb(String name) {
        model.layersOf(name).values().forEach(layer -> {
            LayerAdapter adapter = layer.adapters().get(name);
            adapter.parameters().forEach((label, parameter) -> {
                NDArray array = parameter.getArray();
                float[] noise = new float[(int) array.size()];
                for (int i = 0; i < noise.length; i++) {
                    noise[i] = (float) (0.1 * random.nextGaussian());
                }
                adapter.assign(label, array.add(manager.create(noise, array.getShape())));
            });
        });
    }

    private float[] y() {
        return model.forward(new ParameterStore(manager, false), new NDList(x), false)
                .singletonOrThrow()
                .toFloatArray();
    }

    private static Map<String, float[]> weights(Block block) {
        Map<String, float[]> weights = new LinkedHashMap<>();
        block.getParameters().forEach(pair -> {
            if (pair.getKey().endsWith("weight") || pair.getKey().endsWith("bias")) {
                weights.put(pair.getKey(), pair.getValue().getArray().toFloatArray());
            }
        });
        return weights;
    }

    private static void assertIdentical(Map<String, float[]> actual, Map<String, float[]> expected) {
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        actual.forEach((name, values) -> assertThat(values).as(name).containsExactly(expected.get(name)));
    }

    private float[] baseY() {
        return block.forward(new ParameterStore(manager, false), new NDList(x), false)
                .singletonOrThrow()
                .toFloatArray();
    }

    @ParameterizedTest
    @MethodSource("methods")
    void unmerge_byInverse_isWithinTheErrorThatMergeSaid(AdapterMethod method) {
        attached("a", method);
        Map<String, float[]> before = weights(block);
        Map<String, Double> errors = model.merge(false);
        model.unmerge();
        double largest =
                errors.values().stream().mapToDouble(Double::doubleValue).max().orElseThrow();
        assertThat(largest).isLessThan(1e-4);
        weights(block).forEach((name, values) -> {
            for (int i = 0; i < values.length; i++) {
                assertThat(Math.abs(values[i] - before.get(name)[i])).isLessThanOrEqualTo((float) largest);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("methods")
    void mergeAndUnload_leavesPlainLinearsWithTheSameOutput(AdapterMethod method) {
        attached("a", method);
        float[] expected = y();
        Block plain = model.mergeAndUnload();
        assertThat(plain.getChildren().values()).noneMatch(AdaptedLinear.class::isInstance);
        Tolerance.FLOAT32.check("plain", baseY(), expected);
        assertThat(plain.getParameters().keys())
                .containsExactly("01Linear_weight", "01Linear_bias", "03Linear_weight", "03Linear_bias");
    }

    @Test
    void unmerge_ofBatWithSingularFactor_comesFromACopy() {
        attached("a", new Bat(4));
        LayerAdapter first = model.layers().get("01Linear").adapters().get("a");
        first.assign(Bat.BLOCK, manager.eye(4).neg().expandDims(0).repeat(0, 6));
        Map<String, float[]> before = weights(block);
        float[] expected = y();
        Map<String, Double> errors = model.merge(false);
        Tolerance.FLOAT32.check("merged", y(), expected);
        assertThat(errors).containsEntry("01Linear", 0.0);
        model.unmerge();
        assertThat(weights(block).get("01Linear_weight")).containsExactly(before.get("01Linear_weight"));
    }

    @Test
    void boneAndBatOnOneLayer_actInTheirOrder_alsoMerged() {
        attached("bone", new Bone(4));
        add("bat", new Bat(4));
        model.activate("bat", "bone");
        float[] batFirst = y();
        model.activate("bone", "bat");
        float[] boneFirst = y();
        assertThat(batFirst).isNotEqualTo(boneFirst);
        model.merge(false);
        Tolerance.FLOAT32.check("merged", y(), boneFirst);
        model.unmerge();
        Tolerance.FLOAT32.check("unmerged", y(), boneFirst);
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 5, 16, 17, 24, 40})
    void boneOfAnyRank_alsoBeyondTheWidth_mergesAndComesBack(int rank) {
        float[] base = baseY();
        model = Adapters.attach(block, config("a", new Bone(rank), Targets.ALL_LINEAR));
        Tolerance.FLOAT32.check("fresh", y(), base);
        perturb("a");
        float[] expected = y();
        model.merge(false);
        Tolerance.FLOAT32.check("merged", y(), expected);
        model.unmerge();
        Tolerance.FLOAT32.check("unmerged", y(), expected);
    }

    @Test
    void merged_refusesEveryChange_andStaysAsItIs() {
        attached("a", new Bone(4));
        add("b", new Bone(4));
        model.activate("a");
        model.merge(true);
        float[] merged = y();
        List<ThrowableAssert.ThrowingCallable> changes = List.of(
                () -> model.remove("a"),
                () -> model.remove("b"),
                () -> model.activate("b"),
                () -> model.rename("a", "c"),
                () -> model.scale("a", 2));
        for (ThrowableAssert.ThrowingCallable change : changes) {
            assertThatThrownBy(change)
                    .isInstanceOf(AdapterException.class)
                    .hasMessageContaining("while [a] are merged; call unmerge first");
        }
        assertThat(y()).containsExactly(merged);
    }

    @Test
    void severalBats_composeInOrder_asMergedOneAfterTheOther() {
        attached("a", new Bat(4, Grouping.COL));
        add("b", new Bat(4, Grouping.COL));
        model.activate("a", "b");
        float[] ab = y();
        model.activate("b", "a");
        float[] ba = y();
        assertThat(ab).isNotEqualTo(ba);
        model.activate("a", "b");
        Map<String, float[]> before = weights(block);
        model.merge(true);
        Tolerance.FLOAT32.check("merged", y(), ab);
        model.unmerge();
        assertIdentical(weights(block), before);
    }

    @Test
    void adaptersOfDifferentMethodsOnDifferentLayers() {
        float[] base = baseY();
        attached("a", new Bone(4));
        add("b", new Lora(2, 4), "03Linear");
        float[] a = y();
        assertThat(model.layersOf("b").keySet()).containsExactly("03Linear");
        assertThat(model.layers().keySet()).containsExactly("01Linear", "03Linear");
        model.activate("b");
        float[] b = y();
        assertThat(b).isNotEqualTo(a).isNotEqualTo(base);
        assertThat(model.status().get("03Linear"))
                .isEqualTo(new AdaptedModel.LayerStatus(Map.of("a", "bone", "b", "lora"), List.of("b"), List.of()));
        model.activate();
        assertThat(y()).containsExactly(base);
        model.activate("a");
        assertThat(y()).containsExactly(a);
        model.remove("b");
        assertThat(y()).containsExactly(a);
        assertThatThrownBy(() -> model.remove("b")).hasMessageContaining("no adapter 'b'; there are [a]");
        model.remove("a");
        assertThat(y()).containsExactly(base);
    }

    @Test
    void add_duplicateName_isRefusedWithoutChange() {
        attached("a", new Bone(4));
        float[] a = y();
        assertThatThrownBy(() -> model.add(config("a", new Lora(2, 2), Targets.ALL_LINEAR)))
                .hasMessageContaining("there is an adapter 'a' already");
        assertThat(y()).containsExactly(a);
        assertThat(model.adapters()).containsExactly("a");
    }

    @Test
    void rename_keepsOutputAndTraining() {
        attached("a", new Bone(4));
        float[] a = y();
        model.rename("a", "b");
        assertThat(y()).containsExactly(a);
        assertThat(model.active()).containsExactly("b");
        assertThat(model.trainableParameters().keySet()).allMatch(name -> name.endsWith(".bone"));
        assertThat(model.config("b").name()).isEqualTo("b");
    }

    @Test
    void replace_swapsValuesInPlace() {
        attached("a", new Bone(4));
        add("b", new Bone(4));
        model.activate("b");
        float[] b = y();
        Map<String, Map<String, NDArray>> values = new LinkedHashMap<>();
        model.layersOf("b")
                .forEach((path, layer) -> values.put(
                        path,
                        Map.of(
                                Bone.BLOCK,
                                layer.adapters()
                                        .get("b")
                                        .parameters()
                                        .get(Bone.BLOCK)
                                        .getArray())));
        model.activate("a");
        model.replace("a", values);
        assertThat(y()).containsExactly(b);
        values.put("03Linear", Map.of(Bone.BLOCK, manager.zeros(new Shape(4, 15))));
        assertThatThrownBy(() -> model.replace("a", values)).hasMessageContaining("(4, 16), was given (4, 15)");
        assertThat(y()).containsExactly(b);
    }

    @Test
    void scale_additiveMethod_scalesDelta_othersAreRefused() {
        attached("a", new Lora(4, 8));
        model.scale("a", 0);
        Tolerance.FLOAT32.check("zero", y(), baseOf(model));
        model.scale("a", 2);
        float[] twice = y();
        model.merge(true);
        Tolerance.FLOAT32.check("merged", y(), twice);
        model.unmerge();
        add("b", new Bat(4, Grouping.ROW));
        assertThatThrownBy(() -> model.scale("b", 2)).hasMessageContaining("cannot be scaled");
    }

    @Test
    void remove_leavesNeitherArraysNorTheScaleBehind() {
        attached("a", new Bone(4));
        float[] before = y();
        int arrays = manager.getManagedArrays().size();
        model.add(config("b", new Lora(2, 4, new Pissa()), Targets.ALL_LINEAR));
        model.scale("b", 3);
        model.remove("b");
        assertThat(manager.getManagedArrays()).hasSize(arrays);
        model.add(config("b", new Lora(2, 4), Targets.ALL_LINEAR));
        perturb("b");
        model.activate("b");
        float[] plain = y();
        model.scale("b", 1);
        assertThat(y()).containsExactly(plain);
        model.activate("a");
        assertThat(y()).containsExactly(before);
    }

    private float[] baseOf(AdaptedModel adapted) {
        try (AdaptedModel.Scope scope = adapted.disabled()) {
            assertThat(scope).isNotNull();
            return y();
        }
    }

    static List<List<AdapterMethod>> summable() {
        return List.of(
                List.of(new Bone(4), new Bone(4)),
                List.of(new Bone(4, Grouping.ROW), new Bone(4, Grouping.ROW)),
                List.of(new Lora(2, 4), new Lora(3, 3)),
                List.of(new Bone(4), new Lora(3, 6)));
    }

    @ParameterizedTest
    @MethodSource("summable")
    void addWeightedSum_isTheSumOfTheDeltas_andItsTruncationSaysWhatItLost(List<AdapterMethod> methods) {
        attached("a", methods.get(0));
        add("b", methods.get(1));
        Map<String, Double> weights = new LinkedHashMap<>();
        weights.put("a", 0.5);
        weights.put("b", -2.0);
        float[] expected = merged(Map.of("a", 0.5, "b", -2.0));
        model.addWeightedSum("sum", weights);
        assertThat(model.addWeightedSum("full", weights, 16)).isLessThan(1e-6);
        double lost = model.addWeightedSum("low", weights, 1);
        assertThat(lost).isBetween(0.01, 0.99);
        model.activate("sum");
        Tolerance.FLOAT32.check("sum", y(), expected);
        model.activate("full");
        Tolerance.FLOAT32.check("full rank", y(), expected);
        assertThatThrownBy(() -> model.addWeightedSum("x", Map.of("a", 1.0), 17))
                .hasMessageContaining("from 1 to 16");
        assertThat(model.adapters()).containsExactly("a", "b", "sum", "full", "low");
    }

    /** The output with both adapters active, each scaled. */
    private float[] merged(Map<String, Double> factors) {
        factors.forEach(model::scale);
        model.activate("a", "b");
        float[] y = y();
        factors.keySet().forEach(name -> model.scale(name, 1));
        return y;
    }

    @Test
    void addWeightedSum_ofBats_isRefused() {
        attached("a", new Bat(4));
        assertThatThrownBy(() -> model.addWeightedSum("sum", Map.of("a", 1.0)))
                .hasMessageContaining("01Linear: bat depends on the weight");
        assertThat(model.adapters()).containsExactly("a");
    }

    @ParameterizedTest
    @MethodSource("rowWise")
    void forward_mixedRows_equalsRowByRow(AdapterMethod method) {
        attached("a", method);
        add("b", method);
        List<String> rows = List.of("b", "", "a", "b", "a", "");
        float[] mixed = model.forward(new ParameterStore(manager, false), new NDList(x), false, rows)
                .singletonOrThrow()
                .toFloatArray();
        for (int i = 0; i < rows.size(); i++) {
            model.activate(rows.get(i).isEmpty() ? new String[0] : new String[] {rows.get(i)});
            float[] alone = y();
            Tolerance.FLOAT32.check(
                    "row " + i,
                    java.util.Arrays.copyOfRange(mixed, i * 16, (i + 1) * 16),
                    java.util.Arrays.copyOfRange(alone, i * 16, (i + 1) * 16));
        }
    }

    @Test
    void forward_whileAnotherThreadSwitches_seesOneConsistentSet() throws Exception {
        attached("a", new Bone(4));
        add("b", new Bone(4));
        model.activate("a");
        float[] a = y();
        model.activate("b");
        float[] b = y();
        AtomicBoolean stop = new AtomicBoolean();
        ExecutorService threads = Executors.newFixedThreadPool(3);
        List<Future<Boolean>> readers = new ArrayList<>();
        for (int t = 0; t < 2; t++) {
            readers.add(threads.submit(() -> {
                try (NDManager own = manager.newSubManager()) {
                    for (int i = 0; i < 500; i++) {
                        NDArray input = x.duplicate();
                        input.attach(own);
                        float[] y = model.forward(new ParameterStore(own, false), new NDList(input), false)
                                .singletonOrThrow()
                                .toFloatArray();
                        if (distance(y, a) > 1e-5 && distance(y, b) > 1e-5) {
                            return false;
                        }
                    }
                    return true;
                }
            }));
        }
        Future<Integer> switcher = threads.submit(() -> {
            int switches = 0;
            while (!stop.get()) {
                model.activate(switches++ % 2 == 0 ? "a" : "b");
            }
            return switches;
        });
        for (Future<Boolean> reader : readers) {
            assertThat(reader.get()).isTrue();
        }
        stop.set(true);
        assertThat(switcher.get()).isGreaterThan(1);
        threads.shutdown();
    }

    private static double distance(float[] y, float[] z) {
        double largest = 0;
        for (int i = 0; i < y.length; i++) {
            largest = Math.max(largest, Math.abs(y[i] - z[i]));
        }
        return largest;
    }

    @Test
    void modulesToSave_trainWhole_andComeBackWhenDisabled() {
        Map<String, float[]> before = weights(block);
        model = Adapters.attach(
                block,
                AdapterConfig.builder()
                        .setMethod(new Bone(4))
                        .setTargets(Targets.of("01Linear"))
                        .optModulesToSave("03Linear")
                        .build());
        assertThat(model.trainableParameters().keySet())
                .containsExactly("01Linear_default.bone", "03Linear_weight", "03Linear_bias");
        NDArray bias = model.trainableParameters().get("03Linear_bias").getArray();
        Values.overwrite(bias, bias.add(1));
        float[] trained = y();
        try (AdaptedModel.Scope scope = model.disabled()) {
            assertThat(scope).isNotNull();
            assertIdentical(weights(block), before);
        }
        assertThat(y()).containsExactly(trained);
        model.activate();
        assertIdentical(weights(block), before);
        model.activate("default");
        assertThat(y()).containsExactly(trained);
    }

    @Test
    void summary_countsWhatTrains() {
        attached("a", new Bone(4));
        long trainable = 4 * 24 + 4 * 16;
        assertThat(model.trainableCount()).isEqualTo(trainable);
        assertThat(model.summary(true))
                .startsWith("trainable 160 of 968 parameters (16.53 %)")
                .contains("01Linear: bone 'a', 96");
    }
}
