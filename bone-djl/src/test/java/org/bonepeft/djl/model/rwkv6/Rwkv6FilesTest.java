package org.bonepeft.djl.model.rwkv6;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.AdapterMethods;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Grouping;
import org.bonepeft.adapter.Lora;
import org.bonepeft.djl.AdaptedModel;
import org.bonepeft.djl.AdapterConfig;
import org.bonepeft.djl.Adapters;
import org.bonepeft.djl.model.HfWeights;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.peft.PeftAdapter;
import org.bonepeft.peft.RwkvPeft;
import org.bonepeft.peft.Targets;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class Rwkv6FilesTest {

    @TempDir
    private Path directory;

    private NDManager manager;
    private Rwkv6ForCausalLm model;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
        model = TinyRwkv6.lively(16, manager);
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private float[] logits(Rwkv6ForCausalLm which) {
        return which.forward(new ParameterStore(manager, false), new NDList(ids()), false)
                .singletonOrThrow()
                .toFloatArray();
    }

    private NDArray ids() {
        return manager.create(new long[] {1, 7, 3, 3, 9, 0, 12, 4, 5, 2, 8, 8, 1, 6, 11, 3})
                .reshape(2, 8);
    }

    @Test
    void load_whatWasSaved_givesTheSameModel() throws IOException {
        model.save(directory);
        Rwkv6ForCausalLm read = Rwkv6ForCausalLm.load(directory, manager);
        assertThat(read.config()).isEqualTo(model.config());
        assertThat(logits(read)).isEqualTo(logits(model));
    }

    @Test
    void load_withoutConfig_takesTheSizesOfTheTensors() throws IOException {
        model.save(directory);
        Files.delete(directory.resolve("config.json"));
        assertThat(Rwkv6ForCausalLm.load(directory, manager).config()).isEqualTo(model.config());
    }

    @Test
    void load_aPickle_isRefusedWithAdvice() throws IOException {
        Path pickle = Files.writeString(directory.resolve("RWKV-x060-World-1B6.pth"), "anything");
        for (Path path : List.of(directory, pickle)) {
            assertThatThrownBy(() -> Rwkv6ForCausalLm.load(path, manager))
                    .isInstanceOf(BoneException.class)
                    .hasMessageContaining("pickle")
                    .hasMessageContaining("safetensors.torch.save_file");
        }
    }

    @Test
    void load_configThatDoesNotFit_isRefused() throws IOException {
        model.save(directory);
        Path config = directory.resolve("config.json");
        String text = Files.readString(config);
        Files.writeString(config, text.replace("\"n_head\": 4", "\"n_head\": 5"));
        assertThatThrownBy(() -> Rwkv6ForCausalLm.load(directory, manager))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("n_head is 5, expected dim_att / head_size = 4");
        Files.writeString(config, text.replace("\"time_decay_rank\": 64", "\"time_decay_rank\": 32"));
        assertThatThrownBy(() -> Rwkv6ForCausalLm.load(directory, manager))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("blocks.0.att.time_decay_w1");
    }

    @Test
    void load_tensorThatIsMissing_isNamed() throws IOException {
        for (String name : List.of("emb.weight", "blocks.0.att.time_faaaa", "blocks.1.ffn.time_maa_r", "head.weight")) {
            Set<String> others = new TreeSet<>(model.tensors().keySet());
            others.remove(name);
            HfWeights.save(model, others, model.config().toJson(), directory);
            assertThatThrownBy(() -> Rwkv6ForCausalLm.load(directory, manager))
                    .isInstanceOf(BoneException.class)
                    .hasMessageContaining("'" + name + "' is missing");
            Files.delete(directory.resolve("config.json"));
            assertThatThrownBy(() -> Rwkv6ForCausalLm.load(directory, manager))
                    .isInstanceOf(BoneException.class)
                    .hasMessageContaining(name);
        }
    }

    static Stream<AdapterMethod> fileMethods() {
        return Stream.of(new Bone(8), new Bat(8, Grouping.ROW), new Lora(4, 8));
    }

    @ParameterizedTest
    @MethodSource("fileMethods")
    void disha_writtenAndRead_isTheSameAdapter(AdapterMethod method) throws IOException {
        AdaptedModel adapted = attach(method);
        adapted.layers().values().forEach(layer -> layer.adapters().values().forEach(adapter -> adapter.parameters()
                .forEach((label, parameter) -> adapter.assign(
                        label,
                        manager.randomNormal(0, 0.1f, parameter.getArray().getShape(), DataType.FLOAT32)))));
        float[] expected = logits(model);
        Path file = directory.resolve("rwkv.safetensors");
        RwkvPeft.write(adapted.export("default"), file);
        try (SafetensorsFile written = SafetensorsFile.open(file)) {
            assertThat(written.tensors())
                    .hasSize(method instanceof Lora ? 32 : 16)
                    .containsKeys(
                            method instanceof Lora
                                    ? new String[] {"blocks.1.att.receptance.lora_A", "blocks.0.ffn.value.lora_B"}
                                    : new String[] {"blocks.1.att.receptance.disha", "blocks.0.ffn.value.disha"});
        }

        PeftAdapter read = RwkvPeft.read(file, method);
        Rwkv6ForCausalLm fresh = TinyRwkv6.lively(16, manager);
        Adapters.attach(fresh, read, "read");
        assertThat(logits(fresh)).isEqualTo(expected);
    }

    private AdaptedModel attach(AdapterMethod method) {
        return Adapters.attach(
                model,
                AdapterConfig.builder()
                        .setMethod(method)
                        .setTargets(Targets.of(Targets.ALL_LINEAR))
                        .build(),
                this::backward);
    }

    private void backward(ParameterStore store) {
        NDArray ids = ids();
        TorchAutograd.with(true, () -> {
            TorchAutograd.backward(model.loss(store, new NDList(ids), ids, true));
            return ids;
        });
    }

    static Stream<String> methods() {
        return AdapterMethods.names().stream();
    }

    @ParameterizedTest
    @MethodSource("methods")
    void everyMethod_adaptsAllLinearsButTheHead_andTrains(String name) {
        float[] before = logits(model);
        AdaptedModel adapted = attach(AdapterMethods.of(name, new AdapterMethods.Settings(8, 8, 0, 8, 8)));
        assertThat(adapted.layers()).hasSize(16).doesNotContainKey("head");
        Tolerance.FLOAT32_RECURRENCE.check("at the start", logits(model), before);
        backward(new ParameterStore(manager, false));
        adapted.layers().forEach((path, layer) -> layer.adapters().values().forEach(adapter -> adapter.parameters()
                .forEach((label, parameter) -> assertThat(TorchAutograd.gradient(parameter.getArray()))
                        .as(path + " " + label)
                        .isPresent())));
    }

    @Test
    void mask_paddingOnTheRight_changesNothing_onTheLeftIsRefused() {
        ParameterStore store = new ParameterStore(manager, false);
        NDArray right = manager.create(new long[] {1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1})
                .reshape(2, 8);
        assertThat(model.forward(store, new NDList(ids(), right), false)
                        .singletonOrThrow()
                        .toFloatArray())
                .isEqualTo(logits(model));
        NDArray left = right.flip(1);
        assertThatThrownBy(() -> model.forward(store, new NDList(ids(), left), false))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("pad on the right");
        assertThatThrownBy(() -> model.forward(store, new NDList(manager.create(new long[][] {{16}})), false))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("token id 16 is outside the model's vocabulary of 16");
    }

    @Test
    void create_startsAsTheIdentity_theSameForTheSameSeed() {
        Rwkv6ForCausalLm fresh = Rwkv6ForCausalLm.create(Rwkv6Config.of(16, 32, 2, 8), manager, 1);
        assertThat(logits(fresh)).isEqualTo(logits(Rwkv6ForCausalLm.create(fresh.config(), manager, 1)));
        for (String name : List.of("blocks.0.att.output.weight", "blocks.1.ffn.value.weight")) {
            assertThat(fresh.tensors().get(name).getArray().toFloatArray()).containsOnly(0f);
        }
        float[] decay =
                fresh.tensors().get("blocks.0.att.time_decay").getArray().toFloatArray();
        assertThat(decay[0]).isEqualTo(-6f);
        assertThat(decay).isSorted();
    }
}
