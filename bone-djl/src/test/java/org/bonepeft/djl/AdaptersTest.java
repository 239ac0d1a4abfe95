package org.bonepeft.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.transformer.TransformerEncoderBlock;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.initializer.NormalInitializer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.translate.TranslateException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.bonepeft.adapter.AdapterException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Dora;
import org.bonepeft.adapter.Lora;
import org.bonepeft.adapter.LoraGa;
import org.bonepeft.adapter.Olora;
import org.bonepeft.adapter.Pissa;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.peft.AdapterTensor;
import org.bonepeft.peft.PeftAdapter;
import org.bonepeft.peft.Targets;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AdaptersTest {
    private NDManager manager;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
        manager.getEngine().setRandomSeed(7);
    }

    @AfterEach
    void close() {
        manager.close();
    }

    static List<AdapterMethod> methods() {
        return TestMethods.all(2);
    }

    private SequentialBlock mlp() {
        SequentialBlock block = new SequentialBlock()
                .add(Linear.builder().setUnits(24).build())
                .add(Activation::relu)
                .add(new ParallelBlock(lists ->
                                new NDList(lists.get(0).head().add(lists.get(1).head())))
                        .add(Linear.builder().setUnits(10).optBias(false).build())
                        .add(new SequentialBlock()
                                .add(Blocks.identityBlock())
                                .add(Linear.builder().setUnits(10).build())))
                .add(Linear.builder().setUnits(2).build());
        return initialized(block, new Shape(1, 18));
    }

    private <B extends Block> B initialized(B block, Shape... input) {
        block.setInitializer(new NormalInitializer(0.3f), Parameter.Type.WEIGHT);
        block.initialize(manager, DataType.FLOAT32, input);
        return block;
    }

    private static AdapterConfig config(AdapterMethod method, String... targets) {
        return AdapterConfig.builder()
                .setMethod(method)
                .setTargets(Targets.of(targets))
                .build();
    }

    private static Map<String, float[]> values(Block block) {
        return values(block, parameter -> !parameter.requiresGradient());
    }

    private static Map<String, float[]> values(Block block, Predicate<Parameter> which) {
        Map<String, float[]> values = new LinkedHashMap<>();
        block.getParameters().forEach(pair -> {
            if (which.test(pair.getValue())) {
                values.put(pair.getKey(), pair.getValue().getArray().toFloatArray());
            }
        });
        return values;
    }

    @ParameterizedTest
    @MethodSource("methods")
    void attach_mlp_freshAdapterIsTheBase(AdapterMethod method) {
        SequentialBlock block = mlp();
        NDArray x = manager.randomNormal(new Shape(5, 18));
        ParameterStore store = new ParameterStore(manager, false);
        float[] before = block.forward(store, new NDList(x), false).head().toFloatArray();

        AdaptedModel adapted = Adapters.attach(block, config(method, Targets.ALL_LINEAR));

        assertThat(adapted.layers().keySet())
                .containsExactly(
                        "01Linear", "ParallelBlock.Linear", "ParallelBlock.SequentialBlock.Linear", "04Linear");
        Tolerance.FLOAT32.check(
                "y", block.forward(store, new NDList(x), false).head().toFloatArray(), before);
    }

    @ParameterizedTest
    @MethodSource("methods")
    void easyTrain_learnsAndLeavesTheBaseBitIdentical(AdapterMethod method) throws IOException, TranslateException {
        SequentialBlock block = mlp();
        NDArray x = manager.randomNormal(new Shape(128, 18));
        NDArray labels = x.get(":, 0:1").gt(x.get(":, 1:2")).toType(DataType.INT64, false);
        AdaptedModel adapted = Adapters.attach(block, config(method, Targets.ALL_LINEAR));
        Map<String, float[]> frozen = values(block);
        long trainable = adapted.trainableCount();
        ArrayDataset data = new ArrayDataset.Builder()
                .setData(x)
                .optLabels(labels)
                .setSampling(32, false)
                .build();
        try (Model model = Model.newInstance("mlp")) {
            model.setBlock(block);
            DefaultTrainingConfig training = new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                    .optOptimizer(Optimizer.adam()
                            .optLearningRateTracker(Tracker.fixed(0.05f))
                            .build());
            try (Trainer trainer = model.newTrainer(training)) {
                trainer.initialize(new Shape(1, 18));
                float before = loss(block, x, labels);
                EasyTrain.fit(trainer, 8, data, null);
                assertThat(loss(block, x, labels)).isLessThan(0.95f * before);
            }
            assertThat(adapted.trainableCount()).isEqualTo(trainable);
            values(block).forEach((name, now) -> assertThat(now).as(name).containsExactly(frozen.get(name)));
            block.clear();
        }
    }

    private float loss(Block block, NDArray x, NDArray labels) {
        NDList y = block.forward(new ParameterStore(manager, false), new NDList(x), false);
        return Loss.softmaxCrossEntropyLoss().evaluate(new NDList(labels), y).getFloat();
    }

    @Test
    void attach_transformerEncoderBlock_replacesLinearsInPrivateFields() {
        TransformerEncoderBlock block = initialized(
                new TransformerEncoderBlock(16, 2, 32, 0f, list -> new NDList(Activation.gelu(list.head()))),
                new Shape(2, 5, 16));
        NDArray x = manager.randomNormal(new Shape(2, 5, 16));
        ParameterStore store = new ParameterStore(manager, false);
        float[] before = block.forward(store, new NDList(x), false).head().toFloatArray();

        AdaptedModel adapted = Adapters.attach(block, config(new Bone(4), "queryProjection", "resultProjection"));

        assertThat(adapted.layers().keySet())
                .containsExactly("selfAttention.queryProjection", "selfAttention.resultProjection");
        Tolerance.FLOAT32.check(
                "y", block.forward(store, new NDList(x), false).head().toFloatArray(), before);
        adapted.layers().values().forEach(layer -> layer.adapters()
                .get("default")
                .parameters()
                .get(Bone.BLOCK)
                .getArray()
                .addi(0.1));
        assertThat(block.forward(store, new NDList(x), false).head().toFloatArray())
                .isNotEqualTo(before);
    }

    @Test
    void attach_targetThatMatchesNothing_listsTheLinearsAndChangesNothing() {
        SequentialBlock block = mlp();
        assertThatThrownBy(() -> Adapters.attach(block, config(new Bone(4), "query")))
                .isInstanceOf(AdapterException.class)
                .hasMessageContaining("'query' matches no linear layer")
                .hasMessageContaining("ParallelBlock.SequentialBlock.Linear");
        assertThat(block.getParameters().values()).allMatch(Parameter::requiresGradient);
    }

    @Test
    void attach_uninitializedModel_saysSo() {
        SequentialBlock block =
                new SequentialBlock().add(Linear.builder().setUnits(3).build());
        assertThatThrownBy(() -> Adapters.attach(block, config(new Bone(4), Targets.ALL_LINEAR)))
                .isInstanceOf(AdapterException.class)
                .hasMessageContaining("has no weight yet");
    }

    static List<AdapterMethod> startsFromTheWeight() {
        return List.of(
                new Lora(3, 6, new Pissa()),
                new Lora(3, 6, new Olora()),
                new Dora(3, 3),
                new Dora(new Lora(2, 4, new Pissa())));
    }

    @ParameterizedTest
    @MethodSource("startsFromTheWeight")
    void attach_startFromTheWeight_isTheBase_andTheBaseKeepsItsBits(AdapterMethod method) {
        SequentialBlock block = mlp();
        NDArray x = manager.randomNormal(new Shape(5, 18));
        ParameterStore store = new ParameterStore(manager, false);
        float[] before = block.forward(store, new NDList(x), false).head().toFloatArray();
        Map<String, float[]> weights = values(block, parameter -> true);
        AdaptedModel model = Adapters.attach(block, config(method, "01Linear", "ParallelBlock.Linear"));
        Tolerance.FLOAT32.check(
                "y", block.forward(store, new NDList(x), false).head().toFloatArray(), before);
        values(block, parameter -> !parameter.requiresGradient())
                .forEach((name, now) -> assertThat(now).as(name).containsExactly(weights.get(name)));
        try (AdaptedModel.Scope scope = model.disabled()) {
            assertThat(scope).isNotNull();
            assertThat(block.forward(store, new NDList(x), false).head().toFloatArray())
                    .containsExactly(before);
        }
    }

    @Test
    void attach_loraGa_startsFromTheFirstGradientAndLeavesNothingBehind() {
        SequentialBlock block = mlp();
        NDArray x = manager.randomNormal(new Shape(5, 18));
        ParameterStore plain = new ParameterStore(manager, false);
        float[] before = block.forward(plain, new NDList(x), false).head().toFloatArray();
        AdapterConfig config = config(new Lora(2, 4, new LoraGa()), "01Linear");
        assertThatThrownBy(() -> Adapters.attach(block, config)).hasMessageContaining("run one batch backward first");
        assertThatThrownBy(() -> Adapters.attach(block, config, store -> {}))
                .hasMessageContaining("01Linear got no gradient from the first batch");
        int arrays = manager.getManagedArrays().size();
        AdaptedModel model = Adapters.attach(block, config, store -> {
            try (TorchAutograd gradients = TorchAutograd.enabled();
                    NDScope scope = new NDScope()) {
                scope.suppressNotUsedWarning();
                TorchAutograd.backward(block.forward(store, new NDList(x), true)
                        .head()
                        .square()
                        .mean());
                assertThat(gradients).isNotNull();
            }
        });
        LayerAdapter adapter = model.layers().get("01Linear").adapters().get("default");
        // Two parameters, the residual and the two starts.
        assertThat(manager.getManagedArrays()).hasSize(arrays + 5);
        assertThat(adapter.parameters().get(Lora.B).getArray().abs().max().getFloat())
                .isPositive();
        Tolerance.FLOAT32.check(
                "y", block.forward(plain, new NDList(x), false).head().toFloatArray(), before);
    }

    /** PEFT saves the weight of an adapted head beside the adapter. */
    @Test
    void attach_weightOfTheBaseBesideTheAdapter_mustBeTheModels() {
        PeftAdapter plain = Adapters.attach(mlp(), config(new Bone(4), "01Linear", "04Linear"))
                .export("default");
        SequentialBlock block = mlp();
        float[] weight = block.getChildren()
                .get(3)
                .getValue()
                .getDirectParameters()
                .get("weight")
                .getArray()
                .toFloatArray();
        Map<String, AdapterTensor> base =
                Map.of("04Linear.weight", new AdapterTensor(org.bonepeft.tensor.Shape.of(2, 10), weight));
        PeftAdapter adapter = new PeftAdapter(plain.config(), plain.layers(), plain.saved(), base);
        AdaptedModel model = Adapters.attach(block, adapter, "one");
        assertThat(model.export("one").base()).isEmpty();
        model.add(adapter, "two");

        float right = weight[13];
        weight[13] += 0.5f;
        assertThatThrownBy(() -> model.add(adapter, "three"))
                .isInstanceOf(AdapterException.class)
                .hasMessageContaining("04Linear.weight beside the adapter is not the model's: 1 of 20 elements differ,"
                        + " the first at [1, 3], " + right + " in the model");
        assertThat(model.adapters()).containsExactly("one", "two");
        SequentialBlock other = mlp();
        assertThatThrownBy(() -> Adapters.attach(other, adapter, "one"))
                .hasMessageContaining("04Linear.weight beside the adapter is not the model's: 20 of 20");
        assertThat(other.getParameters().values()).allMatch(Parameter::requiresGradient);
    }

    @Test
    void add_weightOfTheBase_isComparedWithTheBase_notWithAWholeModule() {
        SequentialBlock block = mlp();
        AdapterConfig whole = AdapterConfig.builder()
                .setMethod(new Bone(4))
                .setTargets(Targets.of("01Linear"))
                .optModulesToSave("04Linear")
                .build();
        AdaptedModel model = Adapters.attach(block, whole);
        NDArray live = block.getChildren()
                .get(3)
                .getValue()
                .getDirectParameters()
                .get("weight")
                .getArray();
        float[] weight = live.toFloatArray();
        live.addi(1);
        PeftAdapter plain = Adapters.attach(mlp(), config(new Bone(4), "01Linear", "04Linear"))
                .export("default");
        Map<String, AdapterTensor> base =
                Map.of("04Linear.weight", new AdapterTensor(org.bonepeft.tensor.Shape.of(2, 10), weight));
        model.add(new PeftAdapter(plain.config(), plain.layers(), plain.saved(), base), "other");
        assertThat(model.adapters()).containsExactly("default", "other");
    }

    @Test
    void attach_sameNameTwice_isRefusedWithoutChange() {
        SequentialBlock block = mlp();
        AdaptedModel first = Adapters.attach(block, config(new Bone(4), Targets.ALL_LINEAR));
        long trainable = first.trainableCount();
        assertThatThrownBy(() -> Adapters.attach(block, config(new Lora(2, 2), Targets.ALL_LINEAR)))
                .hasMessageContaining("is adapted already");
        assertThat(first.trainableCount()).isEqualTo(trainable);
    }
}
