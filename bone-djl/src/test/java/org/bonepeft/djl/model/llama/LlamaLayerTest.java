package org.bonepeft.djl.model.llama;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Dora;
import org.bonepeft.adapter.Grouping;
import org.bonepeft.adapter.Lora;
import org.bonepeft.adapter.Olora;
import org.bonepeft.adapter.Pissa;
import org.bonepeft.djl.AdaptedModel;
import org.bonepeft.djl.AdapterConfig;
import org.bonepeft.djl.Adapters;
import org.bonepeft.djl.TestMethods;
import org.bonepeft.djl.backend.GraphCall;
import org.bonepeft.djl.model.CausalLm;
import org.bonepeft.djl.model.GraphLinear;
import org.bonepeft.djl.model.LayerRunner;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.djl.torch.TorchTypes;
import org.bonepeft.peft.Targets;
import org.bonepeft.tensor.DType;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Layers computed in one native call against the same layers computed piece by piece. */
class LlamaLayerTest {
    private static final int SEED = 21;

    private final NDManager manager = NDManager.newBaseManager();
    private final ParameterStore store = new ParameterStore(manager, false);

    @AfterEach
    void close() {
        manager.close();
    }

    /** Sizes in which every method finds its blocks. */
    private static LlamaConfig.Builder builder() {
        return LlamaConfig.builder()
                .setVocabSize(19)
                .setHiddenSize(24)
                .setIntermediateSize(36)
                .setLayers(2)
                .setHeads(4)
                .optKeyValueHeads(2)
                .optMaxPositions(64)
                .optInitializerRange(0.3);
    }

    /** A model whose norms and biases matter too. */
    private LlamaForCausalLm create(LlamaConfig config) {
        LlamaForCausalLm model = LlamaForCausalLm.create(config, manager, 4);
        Random random = new Random(6);
        model.tensors().forEach((name, parameter) -> {
            if (name.endsWith("norm.weight") || name.endsWith(".bias")) {
                parameter.getArray().addi(noise(random, parameter.getArray()));
            }
        });
        return model;
    }

    private NDArray noise(Random random, NDArray like) {
        float[] noise = new float[(int) like.size()];
        for (int i = 0; i < noise.length; i++) {
            noise[i] = (float) (0.1 * random.nextGaussian());
        }
        return manager.create(noise, like.getShape());
    }

    private AdaptedModel attached(LlamaForCausalLm model, AdapterMethod method, String... targets) {
        AdaptedModel adapted = Adapters.attach(model, config("default", method, targets));
        move(adapted, "default");
        return adapted;
    }

    private static AdapterConfig config(String name, AdapterMethod method, String... targets) {
        return AdapterConfig.builder()
                .optName(name)
                .setMethod(method)
                .setTargets(Targets.of(targets.length == 0 ? new String[] {Targets.ALL_LINEAR} : targets))
                .build();
    }

    /** Moves an adapter away from its start, so that it does something. */
    private void move(AdaptedModel model, String name) {
        Random random = new Random(name.hashCode());
        model.layersOf(name)
                .values()
                .forEach(layer -> layer.adapters().get(name).parameters().forEach((label, parameter) -> {
                    NDArray array = parameter.getArray();
                    layer.adapters()
                            .get(name)
                            .assign(label, array.stopGradient().add(noise(random, array)));
                }));
    }

    /** What a model is given. */
    enum Given {
        IDS,
        PADDED_RIGHT,
        PADDED_LEFT,
        POSITIONS,
        PADDED_LEFT_WITH_POSITIONS;

        NDList inputs(NDManager manager) {
            NDArray ids = manager.create(new long[] {3, 7, 11, 2, 5, 9, 1, 4, 6, 8, 12, 13}, new Shape(2, 6));
            NDArray ones = ids.onesLike();
            NDArray right = manager.create(new long[] {1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1}, new Shape(2, 6));
            NDArray left = manager.create(new long[] {0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, new Shape(2, 6));
            NDArray spread = manager.create(new long[] {0, 2, 4, 5, 6, 7, 1, 2, 3, 8, 9, 10}, new Shape(2, 6));
            NDArray counted = manager.create(new long[] {0, 0, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5}, new Shape(2, 6));
            return switch (this) {
                case IDS -> new NDList(ids);
                case PADDED_RIGHT -> new NDList(ids, right);
                case PADDED_LEFT -> new NDList(ids, left);
                case POSITIONS -> new NDList(ids, ones, spread);
                case PADDED_LEFT_WITH_POSITIONS -> new NDList(ids, left, counted);
            };
        }
    }

    /** The logits, the loss and the gradients of all adapters, after a seed. */
    private Map<String, float[]> results(LlamaForCausalLm model, NDList inputs) {
        Map<String, float[]> results = new LinkedHashMap<>();
        results.put("logits", logits(model, inputs));
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            manager.getEngine().setRandomSeed(SEED);
            TorchAutograd.with(true, () -> {
                NDArray loss = model.loss(store, inputs, inputs.get(0), true);
                results.put("loss", TorchTypes.floats(loss.stopGradient()));
                if (TorchAutograd.isRecorded(loss)) {
                    TorchAutograd.backward(loss);
                }
                return loss;
            });
            model.getParameters().forEach(pair -> {
                Optional<NDArray> gradient =
                        TorchAutograd.gradient(pair.getValue().getArray());
                gradient.ifPresent(array -> {
                    results.put(pair.getKey(), TorchTypes.floats(array));
                    TorchAutograd.zero(pair.getValue().getArray());
                });
            });
        }
        return results;
    }

    private float[] logits(LlamaForCausalLm model, NDList inputs) {
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            return TorchAutograd.with(
                    false,
                    () -> TorchTypes.floats(model.forward(store, inputs, false).singletonOrThrow()));
        }
    }

    private static void check(Tolerance tolerance, Map<String, float[]> actual, Map<String, float[]> expected) {
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, values) -> tolerance.check(name, actual.get(name), values));
    }

    /** Returns how many gradients were compared. */
    private int checkPieces(Tolerance tolerance, LlamaForCausalLm model, NDList inputs) {
        Map<String, float[]> pieces = PiecewiseLinear.in(model, () -> results(model, inputs));
        check(tolerance, results(model, inputs), pieces);
        return pieces.size() - 2;
    }

    /** Says what it computes, and must not be asked to compute it. */
    private static final class ToldLinear extends Linear implements GraphLinear {
        private final GraphLinear inner;

        ToldLinear(Linear inner) {
            super(Linear.builder().setUnits(1));
            this.inner = (GraphLinear) inner;
            inner.getDirectParameters().forEach(pair -> parameters.put(pair.getKey(), pair.getValue()));
        }

        @Override
        public Optional<GraphCall> graphCall(ParameterStore parameters, Rows x, boolean training) {
            return inner.graphCall(parameters, x, training);
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore parameters, NDList inputs, boolean training, PairList<String, Object> params) {
            throw new AssertionError("called by itself");
        }
    }

    @Test
    void linearsThatSayWhatTheyCompute_areNotCalled() {
        LlamaForCausalLm model = create(builder().build());
        attached(model, new Bone(4), "q_proj", "v_proj", "down_proj");
        NDList inputs = Given.PADDED_LEFT.inputs(manager);
        Map<String, float[]> expected = results(model, inputs);
        model.decoder().namedChildren().values().forEach(layer -> {
            if (layer instanceof LlamaLayer whole) {
                whole.namedChildren()
                        .forEach((name, linear) -> whole.replaceChild(name, new ToldLinear((Linear) linear)));
            }
        });
        Tolerance.FLOAT32.check("logits", logits(model, inputs), expected.get("logits"));
        try (CausalLm.Session session = model.start(6)) {
            session.append(List.of(new long[] {3, 7, 11}));
            session.append(List.of(new long[] {2}));
        }
    }

    static Stream<AdapterMethod> methods() {
        return Stream.concat(
                TestMethods.all(4).stream(),
                Stream.of(
                        new Lora(4, 8, new Pissa()),
                        new Lora(4, 8, new Olora()),
                        new Lora(4, 8, false, 0.3),
                        new Dora(new Lora(4, 8, true, 0.3))));
    }

    @ParameterizedTest
    @MethodSource("methods")
    void everyMethod_isItsPieces(AdapterMethod method) {
        LlamaForCausalLm model = create(builder().build());
        AdaptedModel adapted = attached(model, method);
        int perLayer = adapted.layers()
                .get("model.layers.0.mlp.up_proj")
                .adapters()
                .get("default")
                .parameters()
                .size();
        for (Given given : List.of(Given.IDS, Given.PADDED_RIGHT)) {
            assertThat(checkPieces(Tolerance.FLOAT32, model, given.inputs(manager)))
                    .isEqualTo(2 * 7 * perLayer);
        }
    }

    static List<LlamaConfig> configs() {
        return List.of(
                builder().optKeyValueHeads(4).build(),
                builder().optKeyValueHeads(1).optTied(true).build(),
                builder().optHeadSize(10).optBias(true, true).build(),
                builder().optFamily(LlamaFamily.QWEN2).optWindows(List.of(0, 3)).build(),
                builder()
                        .optFamily(LlamaFamily.MISTRAL)
                        .optWindows(List.of(3, 3))
                        .build(),
                builder().optAttentionDropout(0.3).build());
    }

    @ParameterizedTest
    @MethodSource("configs")
    void everyModel_givenAnything_isItsPieces(LlamaConfig config) {
        LlamaForCausalLm model = create(config);
        AdaptedModel adapted = attached(model, new Bone(4), "q_proj", "k_proj", "down_proj");
        adapted.add(config("other", new Lora(2, 4), "q_proj", "o_proj", "gate_proj"));
        move(adapted, "other");
        adapted.activate("default", "other");
        for (Given given : Given.values()) {
            assertThat(checkPieces(Tolerance.FLOAT32, model, given.inputs(manager)))
                    .isEqualTo(2 * (3 + 3 * 2));
        }
    }

    /** Wide enough for the products of a few rows. */
    private static LlamaConfig wide() {
        return builder()
                .setHiddenSize(256)
                .setIntermediateSize(264)
                .setLayers(1)
                .optInitializerRange(0.06)
                .build();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 5})
    void fewTokens_areThePieces(int tokens) {
        LlamaForCausalLm model = create(wide());
        AdaptedModel adapted = attached(model, new Bone(4), "q_proj", "k_proj", "v_proj", "up_proj");
        adapted.add(config("other", new Lora(2, 4), "o_proj", "gate_proj", "down_proj", "q_proj"));
        move(adapted, "other");
        adapted.activate("default", "other");
        NDArray ids = manager.create(LongStream.range(3, 3 + tokens).toArray()).expandDims(0);
        Map<String, float[]> pieces = new LinkedHashMap<>();
        PiecewiseLinear.in(model, () -> pieces.put("logits", logits(model, new NDList(ids))));
        Tolerance.FLOAT32.check("logits", logits(model, new NDList(ids)), pieces.get("logits"));
        // Of two tokens one has a label, and it sees itself alone: the gradient of its query is nothing but rounding.
        if (tokens > 2) {
            checkPieces(Tolerance.FLOAT32, model, new NDList(ids));
        }
    }

    /** As far from float32 as its pieces are: both round, but not in the same places. */
    @ParameterizedTest
    @EnumSource(Given.class)
    void bfloat16_isItsPieces_roundedElsewhere(Given given, @TempDir Path directory) throws IOException {
        create(builder().optTied(true).build()).save(directory);
        LlamaForCausalLm model = LlamaForCausalLm.load(directory, manager, DType.BF16);
        Path rounded = directory.resolve("rounded");
        model.save(rounded);
        LlamaForCausalLm wide = LlamaForCausalLm.load(rounded, manager);
        NDList inputs = given.inputs(manager);
        for (AdapterMethod method : List.of(new Bone(4), new Bat(4, Grouping.ROW), new Dora(2, 4))) {
            AdaptedModel adapted = attached(model, method);
            AdaptedModel exact = attached(wide, method);
            Map<String, float[]> expected = results(wide, inputs);
            Map<String, float[]> pieces = PiecewiseLinear.in(model, () -> results(model, inputs));
            Map<String, float[]> whole = results(model, inputs);
            assertThat(whole.keySet()).isEqualTo(expected.keySet());
            Tolerance.BFLOAT16.check("logits", whole.get("logits"), pieces.get("logits"));
            Tolerance.BFLOAT16.check("loss", whole.get("loss"), pieces.get("loss"));
            assertThat(distance(whole, expected)).isLessThan(2 * distance(pieces, expected));
            adapted.unload();
            exact.unload();
        }
    }

    /** The largest difference of an element, in units of the largest of its array. */
    private static double distance(Map<String, float[]> some, Map<String, float[]> others) {
        double distance = 0;
        for (Map.Entry<String, float[]> entry : others.entrySet()) {
            float[] expected = entry.getValue();
            float[] actual = some.get(entry.getKey());
            double scale = 0;
            double worst = 0;
            for (int i = 0; i < expected.length; i++) {
                scale = Math.max(scale, Math.abs(expected[i]));
                worst = Math.max(worst, Math.abs(actual[i] - expected[i]));
            }
            distance = Math.max(distance, worst / scale);
        }
        return distance;
    }

    @Test
    void scaledDisabledMergedAndUnmerged_isItsPieces() {
        LlamaForCausalLm model = create(builder().build());
        NDList inputs = Given.PADDED_LEFT.inputs(manager);
        float[] base = logits(model, inputs);
        AdaptedModel adapted = attached(model, new Bone(4));
        checkPieces(Tolerance.FLOAT32, model, inputs);
        float[] whole = logits(model, inputs);
        adapted.scale("default", 0.4);
        checkPieces(Tolerance.FLOAT32, model, inputs);
        float[] scaled = logits(model, inputs);
        assertThat(scaled).isNotEqualTo(whole).isNotEqualTo(base);
        try (AdaptedModel.Scope disabled = adapted.disabled()) {
            assertThat(disabled).isNotNull();
            checkPieces(Tolerance.FLOAT32, model, inputs);
            Tolerance.FLOAT32.check("disabled", logits(model, inputs), base);
        }
        adapted.merge(true);
        checkPieces(Tolerance.FLOAT32, model, inputs);
        Tolerance.FLOAT32.check("merged", logits(model, inputs), scaled);
        adapted.unmerge();
        assertThat(logits(model, inputs)).containsExactly(scaled);
        adapted.scale("default", 1);
        assertThat(logits(model, inputs)).containsExactly(whole);
        adapted.unload();
        assertThat(logits(model, inputs)).containsExactly(base);
    }

    @Test
    void twoAdaptersOnALinear_actInTheirOrder() {
        LlamaForCausalLm model = create(builder().build());
        AdaptedModel adapted = attached(model, new Lora(2, 4));
        adapted.add(config("bat", new Bat(4)));
        move(adapted, "bat");
        NDList inputs = Given.IDS.inputs(manager);
        adapted.activate("default", "bat");
        assertThat(checkPieces(Tolerance.FLOAT32, model, inputs)).isEqualTo(2 * 7 * 3);
        float[] first = logits(model, inputs);
        adapted.activate("bat", "default");
        checkPieces(Tolerance.FLOAT32, model, inputs);
        assertThat(logits(model, inputs)).isNotEqualTo(first);
    }

    @Test
    void rowsWithTheirOwnAdapters_areThoseOfEachAlone() {
        LlamaForCausalLm model = create(builder().build());
        AdaptedModel adapted = attached(model, new Lora(2, 4));
        adapted.add(config("bat", new Bat(4, Grouping.ROW), "q_proj", "down_proj"));
        move(adapted, "bat");
        NDArray ids = Given.IDS.inputs(manager).head();
        NDArray batch = ids.concat(ids.get("0:1"), 0);
        List<String> rows = List.of("bat", "", "default");
        NDArray mixed = adapted.forward(store, new NDList(batch), false, rows).singletonOrThrow();
        for (int i = 0; i < rows.size(); i++) {
            adapted.activate(rows.get(i).isEmpty() ? new String[0] : new String[] {rows.get(i)});
            NDList row = new NDList(batch.get("{}:{}", i, i + 1));
            Tolerance.FLOAT32.check("row " + i, mixed.get(i).toFloatArray(), logits(model, row));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void adaptersSwitchedBetweenTokens_generateAsWithoutCache(boolean manyFeatures) {
        // One layer whose keys and values no adapter changes: those in the cache are those of any adapter.
        LlamaForCausalLm model =
                create(manyFeatures ? wide() : builder().setLayers(1).build());
        AdaptedModel adapted = attached(model, new Bone(4), "q_proj", "o_proj", "up_proj");
        adapted.add(config("lora", new Lora(2, 4), "o_proj", "gate_proj", "down_proj"));
        adapted.add(config("bat", new Bat(4, Grouping.COL), "q_proj", "down_proj"));
        move(adapted, "lora");
        move(adapted, "bat");
        long[] all = {3, 7, 11, 2, 5, 9, 1, 4, 6};
        int seen = 0;
        try (CausalLm.Session session = model.start(all.length)) {
            for (String active : List.of("default", "lora", "bat", "", "lora", "default")) {
                adapted.activate(active.isEmpty() ? new String[0] : new String[] {active});
                int more = seen == 0 ? 4 : 1;
                float[] next = session.append(List.of(Arrays.copyOfRange(all, seen, seen + more)))[0];
                seen += more;
                NDArray ids = manager.create(Arrays.copyOf(all, seen)).expandDims(0);
                float[] logits = logits(model, new NDList(ids));
                Tolerance.FLOAT32.check(
                        active + " after " + seen,
                        next,
                        Arrays.copyOfRange(logits, logits.length - next.length, logits.length));
            }
        }
    }

    @Test
    void batchesWithCache_areThePieces() {
        LlamaForCausalLm model = create(builder().build());
        attached(model, new Bat(4));
        Map<String, float[]> pieces = PiecewiseLinear.in(model, () -> cached(model));
        check(Tolerance.FLOAT32, cached(model), pieces);
    }

    /** Of sequences with different numbers of tokens, so with padding. */
    private static Map<String, float[]> cached(LlamaForCausalLm model) {
        Map<String, float[]> logits = new LinkedHashMap<>();
        try (CausalLm.Session session = model.start(20)) {
            for (List<long[]> tokens : List.of(
                    List.of(new long[] {3, 7, 11}, new long[] {2}),
                    List.of(new long[] {5}, new long[] {9}),
                    List.of(new long[] {1, 4}, new long[] {6, 8}))) {
                float[][] next = session.append(tokens);
                logits.put(logits.size() + " first", next[0]);
                logits.put(logits.size() + " second", next[1]);
            }
        }
        return logits;
    }

    /** A layer that a runner runs is two calls, of its attention and of the rest. */
    @ParameterizedTest
    @EnumSource(Given.class)
    void partsRunByARunner_areTheLayer(Given given) {
        LlamaForCausalLm model = create(builder().build());
        attached(model, new Bone(4, Grouping.ROW));
        NDList inputs = given.inputs(manager);
        Map<String, float[]> whole = results(model, inputs);
        int[] parts = {0};
        LayerRunner runner = (states, layer) -> {
            parts[0]++;
            return layer.apply(states);
        };
        check(Tolerance.FLOAT32, LayerRunner.with(runner, () -> results(model, inputs)), whole);
        assertThat(parts[0]).as("two passes over two layers with a part each").isEqualTo(2 * 2 * 2);
    }
}
