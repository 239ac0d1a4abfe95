package org.bonepeft.djl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.Dropout;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Dora;
import org.bonepeft.adapter.Grouping;
import org.bonepeft.adapter.Lora;
import org.bonepeft.djl.AdapterConfig;
import org.bonepeft.djl.Adapters;
import org.bonepeft.djl.model.CrossEntropyLoss;
import org.bonepeft.djl.model.HfWeights;
import org.bonepeft.djl.model.LayerRunner;
import org.bonepeft.djl.model.LayerSequence;
import org.bonepeft.djl.model.roberta.RobertaConfig;
import org.bonepeft.djl.model.roberta.RobertaForSequenceClassification;
import org.bonepeft.djl.model.rwkv6.Rwkv6Config;
import org.bonepeft.djl.model.rwkv6.Rwkv6ForCausalLm;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.peft.Targets;
import org.bonepeft.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Layers that are computed again train as layers that are kept: to the same bits, with dropout. */
class LayerTapeTest {
    private static Map<String, float[]> llama(AdapterMethod method, boolean recomputes) throws IOException {
        try (TinyTraining tiny = new TinyTraining(method, 0.2)) {
            tiny.tuner(TinyTraining.config()
                            .optMicroBatch(4)
                            .optCheckpointLayers(recomputes)
                            .build())
                    .build()
                    .train();
            return tiny.values();
        }
    }

    @Test
    void llama_hasTheSameBits() throws IOException {
        List<AdapterMethod> methods = List.of(
                new Lora(4, 8, false, 0.1), new Bat(4), new Bone(4, Grouping.ROW), new Dora(new Lora(4, 8, true, 0.1)));
        for (AdapterMethod method : methods) {
            check(llama(method, true), llama(method, false));
        }
    }

    private static void saveRwkv6(Path directory) throws IOException {
        try (NDManager manager = NDManager.newBaseManager()) {
            Rwkv6ForCausalLm model = new Rwkv6ForCausalLm(Rwkv6Config.of(TinyTraining.VOCABULARY, 32, 3, 8));
            Random random = new Random(5);
            model.tensors().values().forEach(parameter -> parameter.setInitializer(HfWeights.normal(random, 0.3)));
            model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
            model.save(directory);
        }
    }

    private static Map<String, float[]> rwkv6(Path directory, DType type, AdapterMethod method, boolean recomputes)
            throws IOException {
        try (NDManager manager = NDManager.newBaseManager()) {
            Rwkv6ForCausalLm model = Rwkv6ForCausalLm.load(directory, manager, type);
            Adapters.attach(
                    model,
                    AdapterConfig.builder()
                            .setMethod(method)
                            .setTargets(Targets.of("receptance", "key", "value", "output"))
                            .build());
            FineTuner.builder(model, Objective.<Rwkv6ForCausalLm>nextToken())
                    .setData(TinyTraining.data(20))
                    .setConfig(TinyTraining.config()
                            .optMicroBatch(4)
                            .optCheckpointLayers(recomputes)
                            .build())
                    .build()
                    .train();
            Map<String, float[]> values = new LinkedHashMap<>();
            Trainable.of(model).forEach((name, array) -> values.put(name, array.toFloatArray()));
            return values;
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "BF16"})
    void rwkv6_hasTheSameBits(DType type, @TempDir Path directory) throws IOException {
        saveRwkv6(directory);
        for (AdapterMethod method : List.of(new Lora(4, 8, false, 0.1), new Bat(4))) {
            check(rwkv6(directory, type, method, true), rwkv6(directory, type, method, false));
        }
    }

    private static void check(Map<String, float[]> actual, Map<String, float[]> expected) {
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, values) -> assertThat(actual.get(name)).as(name).isEqualTo(values));
    }

    private record Row(int seed) implements MicroBatch {
        @Override
        public double weight() {
            return 3;
        }

        @Override
        public long tokens() {
            return 12;
        }
    }

    private static <M extends Block> Map<String, float[]> train(
            M model, Objective<M, Row> objective, boolean recomputes) throws IOException {
        FineTuner.builder(model, objective)
                .setData(TrainingData.of(List.of(1, 2, 3, 4), some -> new Row(some.get(0))))
                .setConfig(TrainingConfig.builder()
                        .setBatchSize(2)
                        .optMicroBatch(1)
                        .setSteps(4)
                        .setLearningRate(0.01)
                        .optCheckpointLayers(recomputes)
                        .build())
                .build()
                .train();
        Map<String, float[]> values = new LinkedHashMap<>();
        Trainable.of(model).forEach((name, array) -> values.put(name, array.toFloatArray()));
        return values;
    }

    private static Map<String, float[]> roberta(boolean recomputes) throws IOException {
        try (NDManager manager = NDManager.newBaseManager()) {
            RobertaForSequenceClassification model = RobertaForSequenceClassification.create(
                    RobertaConfig.builder()
                            .setVocabSize(23)
                            .setHiddenSize(16)
                            .setIntermediateSize(24)
                            .setLayers(3)
                            .setHeads(2)
                            .optMaxPositions(16)
                            .optDropout(0.2, 0.2)
                            .build(),
                    manager,
                    3);
            Adapters.attach(
                    model,
                    AdapterConfig.builder()
                            .setMethod(new Bat(4))
                            .setTargets(Targets.of("query", "value", "dense"))
                            .optModulesToSave("classifier")
                            .build());
            return train(
                    model,
                    (block, row, pass) -> {
                        long[] ids = new Random(row.seed()).longs(12, 4, 23).toArray();
                        NDArray tokens = pass.manager().create(ids, new Shape(3, 4));
                        NDArray mask =
                                pass.manager().create(new long[] {1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 0}, new Shape(3, 4));
                        NDArray logits = block.forward(pass.store(), new NDList(tokens, mask), pass.training())
                                .singletonOrThrow();
                        return CrossEntropyLoss.of(logits, pass.manager().create(new long[] {0, 1, row.seed() % 2}));
                    },
                    recomputes);
        }
    }

    @Test
    void roberta_hasTheSameBits() throws IOException {
        check(roberta(true), roberta(false));
    }

    private static SequentialBlock sequential(NDManager manager) {
        SequentialBlock block = new SequentialBlock();
        for (int i = 0; i < 3; i++) {
            block.add(new SequentialBlock()
                    .add(Linear.builder().setUnits(6).build())
                    .add(Activation::tanh)
                    .add(Dropout.builder().optRate(0.3f).build()));
        }
        block.setInitializer(
                (m, shape, type) -> m.create(
                        new Random(shape.size())
                                .doubles(shape.size())
                                .boxed()
                                .map(Double::floatValue)
                                .collect(floats((int) shape.size())),
                        shape),
                ai.djl.nn.Parameter.Type.WEIGHT);
        block.initialize(manager, DataType.FLOAT32, new Shape(1, 6));
        return block;
    }

    private static java.util.stream.Collector<Float, java.nio.FloatBuffer, float[]> floats(int size) {
        return java.util.stream.Collector.of(
                () -> java.nio.FloatBuffer.allocate(size),
                java.nio.FloatBuffer::put,
                (a, b) -> a.put(b.flip()),
                java.nio.FloatBuffer::array);
    }

    private static Map<String, float[]> sequence(boolean declared, boolean recomputes) throws IOException {
        try (NDManager manager = NDManager.newBaseManager()) {
            SequentialBlock block = sequential(manager);
            Block model = declared ? new LayerSequence(block) : block;
            return train(
                    model,
                    (layers, row, pass) -> {
                        NDArray x = pass.manager().full(new Shape(3, 6), row.seed() * 0.1f);
                        NDArray y = layers.forward(pass.store(), new NDList(x), pass.training())
                                .singletonOrThrow();
                        return y.square().sum();
                    },
                    recomputes);
        }
    }

    @Test
    void aSequentialBlock_hasTheSameBits_ifItsLayersAreDeclared() throws IOException {
        check(sequence(true, true), sequence(true, false));
        assertThatThrownBy(() -> sequence(false, true))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("LayerSequence");
    }

    /** Runs a layer of two parts backward; returns what ran when, and the gradient of x. */
    private static List<Object> calls(boolean recomputes, boolean keepsWeight) {
        List<Object> calls = new ArrayList<>();
        try (NDManager manager = NDManager.newBaseManager();
                NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            NDArray x = manager.create(new float[] {1, 2, 3});
            x.setRequiresGradient(true);
            LayerTape tape = new LayerTape(recomputes, new Seeds(1));
            UnaryOperator<NDArray> square = in -> {
                calls.add("square " + TorchAutograd.isEnabled());
                return in.mul(in);
            };
            UnaryOperator<NDList> layer = in -> {
                try (NDArray part = LayerRunner.part(in.head(), square)) {
                    calls.add("cube " + TorchAutograd.isEnabled());
                    if (keepsWeight) {
                        LayerRunner.tellWeightIsKept();
                    }
                    return new NDList(part.mul(part).mul(part));
                }
            };
            TorchAutograd.with(true, () -> {
                TorchAutograd.backward(tape.run(new NDList(x), layer).head().sum());
                tape.backward();
                return tape;
            });
            calls.add(TorchAutograd.gradient(x).orElseThrow().toFloatArray());
        }
        return calls;
    }

    @Test
    void aLayerThatKeepsWeights_isComputedAgainInParts() {
        float[] gradient = {6, 192, 1458};
        assertThat(calls(false, true)).containsExactly("square true", "cube true", gradient);
        assertThat(calls(true, false))
                .containsExactly("square false", "cube false", "square true", "cube true", gradient);
        assertThat(calls(true, true))
                .containsExactly("square false", "cube false", "square false", "cube true", "square true", gradient);
    }

    @Test
    void whatALayerHandsOn_keepsItsGradient() {
        for (boolean recomputes : new boolean[] {false, true}) {
            try (NDManager manager = NDManager.newBaseManager();
                    NDScope scope = new NDScope()) {
                scope.suppressNotUsedWarning();
                NDArray x = manager.create(new float[] {1, 1, 2});
                NDArray z = manager.create(new float[] {1, 2, 3});
                z.setRequiresGradient(true);
                LayerTape tape = new LayerTape(recomputes, new Seeds(1));
                TorchAutograd.with(true, () -> {
                    NDList states = new NDList(x, z);
                    for (int i = 0; i < 2; i++) {
                        states = tape.run(states, in -> new NDList(in.get(0).mul(in.get(1)), in.get(1)));
                    }
                    TorchAutograd.backward(states.get(0).mul(states.get(1)).sum());
                    tape.backward();
                    return tape;
                });
                assertThat(TorchAutograd.gradient(z).orElseThrow().toFloatArray())
                        .as("of x z^3")
                        .containsExactly(3, 12, 54);
            }
        }
    }
}
