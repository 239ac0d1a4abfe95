package org.bonepeft.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bonepeft.adapter.AdapterException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.djl.torch.AdamW;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.djl.torch.TorchTypes;
import org.bonepeft.merge.OfflineMerge;
import org.bonepeft.peft.PeftAdapter;
import org.bonepeft.peft.Targets;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.safetensors.SafetensorsWriter;
import org.bonepeft.safetensors.TensorData;
import org.bonepeft.tensor.DType;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What every method promises, on float32 and on bfloat16 weights; the first seven are what PEFT's tests hold too. The
 * model is an adapted layer and a head, which is trained whole.
 */
class AdapterPropertiesTest {
    private static final String LAYER = "01Linear";
    private static final String HEAD = "02Linear";

    @TempDir
    private Path directory;

    private NDManager manager;
    private NDArray x;
    private Map<String, NDArray> base;

    /** A method on a frozen weight of a type. */
    record Case(AdapterMethod method, DType type) {
        Tolerance tolerance() {
            return type == DType.F32 ? Tolerance.FLOAT32 : Tolerance.BFLOAT16;
        }
    }

    static Stream<Case> cases() {
        return TestMethods.all(4).stream()
                .flatMap(method -> Stream.of(new Case(method, DType.F32), new Case(method, DType.BF16)));
    }

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
        manager.getEngine().setRandomSeed(11);
        x = manager.randomNormal(new Shape(5, 24));
        base = new LinkedHashMap<>();
        base.put(LAYER + ".weight", manager.randomNormal(new Shape(16, 24)).mul(0.3f));
        base.put(LAYER + ".bias", manager.randomNormal(new Shape(16)));
        base.put(HEAD + ".weight", manager.randomNormal(new Shape(4, 16)).mul(0.3f));
        base.put(HEAD + ".bias", manager.randomNormal(new Shape(4)));
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private DType type(String path, DType frozen) {
        return path.equals(LAYER) ? frozen : DType.F32;
    }

    private SequentialBlock block(DType frozen) {
        SequentialBlock block = new SequentialBlock();
        for (String path : List.of(LAYER, HEAD)) {
            NDArray weight = base.get(path + ".weight");
            Linear linear = Linear.builder().setUnits(weight.getShape().get(0)).build();
            for (String name : List.of("weight", "bias")) {
                NDArray values = base.get(path + "." + name).duplicate();
                linear.getDirectParameters().get(name).setArray(TorchTypes.cast(values, type(path, frozen)));
            }
            block.add(linear);
        }
        return block;
    }

    private AdaptedModel fresh(Case of) {
        return Adapters.attach(
                block(of.type()),
                AdapterConfig.builder()
                        .setMethod(of.method())
                        .setTargets(Targets.of(LAYER))
                        .optModulesToSave(HEAD)
                        .build());
    }

    /** Returns a model whose adapter does something. */
    private AdaptedModel moved(Case of) {
        AdaptedModel model = fresh(of);
        adapter(model, "default").parameters().forEach((label, parameter) -> {
            NDArray noise =
                    manager.randomNormal(parameter.getArray().getShape()).mul(0.1f);
            adapter(model, "default")
                    .assign(label, parameter.getArray().stopGradient().add(noise));
        });
        return model;
    }

    private static LayerAdapter adapter(AdaptedModel model, String name) {
        return model.layers().get(LAYER).adapters().get(name);
    }

    private float[] y(AdaptedModel model) {
        return model.forward(new ParameterStore(manager, false), new NDList(x), false)
                .singletonOrThrow()
                .toFloatArray();
    }

    private float[] withoutAdapter(AdaptedModel model) {
        try (AdaptedModel.Scope base = model.disabled()) {
            assertThat(base).isNotNull();
            return y(model);
        }
    }

    private static float[] weight(AdaptedModel model) {
        return Values.floats(model.layers().get(LAYER).weightArray());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void fresh_isTheBase(Case of) {
        AdaptedModel model = fresh(of);
        of.tolerance().check("y", y(model), withoutAdapter(model));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void merged_isUnmerged_andTheCopyBringsBackTheBits(Case of) {
        AdaptedModel model = moved(of);
        float[] expected = y(model);
        float[] before = weight(model);
        assertThat(model.merge(true).values()).containsOnly(0.0);
        of.tolerance().check("merged", y(model), expected);
        model.unmerge();
        assertThat(weight(model)).containsExactly(before);
        assertThat(y(model)).containsExactly(expected);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void mergeOfNaN_isRefused_andTheBaseKeepsItsBits(Case of) {
        AdaptedModel model = moved(of);
        float[] before = weight(model);
        adapter(model, "default").parameters().forEach((label, parameter) -> adapter(model, "default")
                .assign(label, manager.full(parameter.getArray().getShape(), Float.NaN)));
        assertThatThrownBy(() -> model.merge(false))
                .isInstanceOf(AdapterException.class)
                .hasMessageContaining(LAYER + ": the merged weight is not finite");
        assertThat(weight(model)).containsExactly(before);
        assertThat(model.merged()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void mergedTwice_isMergedOnce(Case of) {
        AdaptedModel model = moved(of);
        model.merge(true);
        float[] once = weight(model);
        assertThatThrownBy(() -> model.merge(true)).hasMessageContaining("merged already");
        assertThat(weight(model)).containsExactly(once);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void training_changesTheAdapterAndModulesToSave_andNothingElse(Case of) {
        try (TorchAutograd gradients = TorchAutograd.enabled()) {
            AdaptedModel model = fresh(of);
            float[] frozen = weight(model);
            Map<String, NDArray> trained = new LinkedHashMap<>();
            Map<String, float[]> before = new LinkedHashMap<>();
            model.trainableParameters().forEach((name, parameter) -> {
                trained.put(name, parameter.getArray());
                before.put(name, Values.floats(parameter.getArray()));
            });
            List<String> names = new ArrayList<>();
            of.method()
                    .parameters(model.layers().get(LAYER).spec())
                    .forEach(parameter -> names.add(LAYER + "_default." + parameter.name()));
            names.addAll(List.of(HEAD + "_weight", HEAD + "_bias"));
            assertThat(trained.keySet()).containsExactlyInAnyOrderElementsOf(names);
            try (AdamW optimizer = AdamW.builder().addGroup(trained, 1, 0).build()) {
                for (int step = 0; step < 2; step++) { // LoRA's A has no gradient while B is zero
                    NDArray y = model.forward(new ParameterStore(manager, false), new NDList(x), true)
                            .singletonOrThrow();
                    TorchAutograd.backward(y.square().mean());
                    optimizer.step(0.01, Double.POSITIVE_INFINITY);
                    optimizer.zeroGradients();
                }
            }
            before.forEach((name, values) ->
                    assertThat(Values.floats(trained.get(name))).as(name).isNotEqualTo(values));
            assertThat(weight(model)).containsExactly(frozen);
            assertThat(gradients).isNotNull();
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void savedAndLoaded_underAnyName_isTheSame_andEqualAdaptersAreEqualBytes(Case of) throws IOException {
        AdaptedModel model = moved(of);
        Parameter bias = model.trainableParameters().get(HEAD + "_bias");
        Values.overwrite(bias.getArray(), bias.getArray().stopGradient().add(1));
        Path first = directory.resolve("first");
        Path again = directory.resolve("again");
        model.save("default", first);
        AdaptedModel loaded = Adapters.attach(block(of.type()), PeftAdapter.read(first), "another");
        assertThat(y(loaded)).containsExactly(y(model));
        loaded.save("another", again);
        for (String file : List.of("adapter_config.json", "adapter_model.safetensors")) {
            assertThat(again.resolve(file)).hasSameBinaryContentAs(first.resolve(file));
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void disabled_isTheBase_alsoWhileMerged(Case of) {
        AdaptedModel untouched = fresh(of);
        float[] expected = withoutAdapter(untouched);
        AdaptedModel model = moved(of);
        float[] adapted = y(model);
        assertThat(adapted).isNotEqualTo(expected);
        assertThat(withoutAdapter(model)).containsExactly(expected);
        assertThat(y(model)).containsExactly(adapted);
        model.merge(true);
        assertThat(withoutAdapter(model)).containsExactly(expected);
        assertThat(model.merged()).containsExactly("default");
        of.tolerance().check("merged again", y(model), adapted);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void mergedOffline_isMergedInMemory(Case of) throws IOException {
        AdaptedModel model = moved(of);
        model.save("default", directory.resolve("adapter"));
        List<TensorData> tensors = new ArrayList<>();
        base.forEach((name, values) -> tensors.add(TensorData.floats(
                name,
                type(name.substring(0, LAYER.length()), of.type()),
                org.bonepeft.tensor.Shape.of(values.getShape().getShape()),
                values.toFloatArray())));
        Path before = Files.createDirectory(directory.resolve("base"));
        Path after = directory.resolve("merged");
        SafetensorsWriter.write(before.resolve("model.safetensors"), tensors, Map.of());
        OfflineMerge.merge(before, directory.resolve("adapter"), after, new OfflineMerge.Settings());
        model.mergeAndUnload();
        try (SafetensorsFile merged = SafetensorsFile.open(after.resolve("model.safetensors"))) {
            assertThat(merged.tensor(LAYER + ".weight").dtype()).isEqualTo(of.type());
            model.block().getParameters().forEach(pair -> {
                String name = pair.getKey().replace('_', '.');
                of.tolerance().check(name, Values.floats(pair.getValue().getArray()), merged.floats(name));
            });
        }
    }
}
