package org.bonepeft.djl.model.rwkv6;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Stream;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Grouping;
import org.bonepeft.adapter.Lora;
import org.bonepeft.djl.AdaptedModel;
import org.bonepeft.djl.Adapters;
import org.bonepeft.djl.model.GoldenModels;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.json.Json;
import org.bonepeft.peft.PeftAdapter;
import org.bonepeft.peft.RwkvPeft;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.testkit.Tolerance;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Logits, loss, state and all gradients of every RWKV-6 in the golden folder, alone, from a given state and with every
 * adapter there, against a float64 loop over the tokens.
 */
class GoldenRwkv6Test {
    private static final String NAME = "golden";
    private static final String GRADIENT = "grad.";

    @TestFactory
    Stream<DynamicTest> models() throws IOException {
        return GoldenModels.tests(
                "RWKV-6",
                config -> Rwkv6Config.ARCHITECTURE.equals(config.get("architecture")),
                GoldenRwkv6Test::checkModel,
                GoldenRwkv6Test::checkAdapter);
    }

    private static void checkModel(Path directory) throws IOException {
        try (NDManager manager = NDManager.newBaseManager();
                SafetensorsFile io = SafetensorsFile.open(directory.resolve("io.safetensors"))) {
            Rwkv6ForCausalLm model = Rwkv6ForCausalLm.load(directory, manager);
            NDArray ids = GoldenModels.longs(io, "input_ids", manager);
            checkLogits(model, ids, io);
            Rwkv6State zeros =
                    Rwkv6State.zeros(model.config(), manager, ids.getShape().get(0));
            checkState(
                    model.read(new ParameterStore(manager, false), ids, zeros, false)
                            .state(),
                    io);
            model.freezeParameters(false);
            checkLoss(model, ids, io);
            checkGradients(io, name -> Objects.requireNonNull(model.tensors().get(name)));
            try (SafetensorsFile others = SafetensorsFile.open(directory.resolve("grads-other.safetensors"))) {
                checkGradients(
                        others, name -> Objects.requireNonNull(model.tensors().get(name)));
            }
        }
        if (Files.exists(directory.resolve("io-state.safetensors"))) {
            checkFromState(directory);
        }
    }

    private static void checkFromState(Path directory) throws IOException {
        try (NDManager manager = NDManager.newBaseManager();
                SafetensorsFile io = SafetensorsFile.open(directory.resolve("io-state.safetensors"))) {
            Rwkv6ForCausalLm model = Rwkv6ForCausalLm.load(directory, manager);
            Rwkv6State initial = Rwkv6State.read(io, "initial.", model.config(), manager);
            ParameterStore store = new ParameterStore(manager, false);
            NDArray ids = GoldenModels.longs(io, "input_ids", manager);
            initial.layers().forEach(layer -> layer.arrays().forEach(array -> array.setRequiresGradient(true)));
            try (NDScope scope = new NDScope();
                    TorchAutograd gradients = TorchAutograd.enabled()) {
                scope.suppressNotUsedWarning();
                Rwkv6ForCausalLm.Reading read = model.read(store, ids, initial, true);
                Tolerance.FLOAT32_RECURRENCE.check("logits", read.logits().toFloatArray(), io.doubles("logits"));
                checkState(read.state(), io);
                NDArray loss = org.bonepeft.djl.model.NextTokenLoss.of(read.logits(), ids);
                Tolerance.FLOAT32_RECURRENCE.check("loss", loss.toFloatArray(), io.doubles("loss"));
                TorchAutograd.backward(loss);
            }
            for (int i = 0; i < initial.layers().size(); i++) {
                Rwkv6State.Layer layer = initial.layers().get(i);
                String prefix = "grad.initial.blocks." + i + ".";
                checkGradient(io, prefix + "att_shift", layer.attentionShift());
                checkGradient(io, prefix + "ffn_shift", layer.channelShift());
                checkGradient(io, prefix + "wkv", layer.wkv());
            }
        }
    }

    private static void checkAdapter(Path directory, Path adapterDirectory) throws IOException {
        Map<String, @Nullable Object> config = Json.readObject(adapterDirectory.resolve("adapter_config.json"));
        AdapterMethod method = method(config);
        PeftAdapter adapter = RwkvPeft.read(adapterDirectory.resolve("adapter_model.safetensors"), method);
        try (NDManager manager = NDManager.newBaseManager();
                SafetensorsFile common = SafetensorsFile.open(directory.resolve("io.safetensors"));
                SafetensorsFile io = SafetensorsFile.open(adapterDirectory.resolve("io.safetensors"))) {
            Rwkv6ForCausalLm model = Rwkv6ForCausalLm.load(directory, manager);
            AdaptedModel adapted = Adapters.attach(model, adapter, NAME);
            NDArray ids = GoldenModels.longs(common, "input_ids", manager);
            checkLogits(model, ids, io);
            checkLoss(model, ids, io);
            checkGradients(io, key -> parameter(adapted, key));
            adapted.merge(false);
            checkLogits(model, ids, io);
        }
    }

    private static AdapterMethod method(Map<String, @Nullable Object> config) {
        int rank = ((Number) Objects.requireNonNull(config.get("r"))).intValue();
        Grouping grouping = Grouping.valueOf(
                String.valueOf(config.getOrDefault("grouping", "col")).toUpperCase(Locale.ROOT));
        String name = String.valueOf(config.get("method"));
        return switch (name) {
            case "bone" -> new Bone(rank, grouping);
            case "bat" -> new Bat(rank, grouping);
            case "lora" -> new Lora(rank, ((Number) Objects.requireNonNull(config.get("alpha"))).doubleValue());
            default -> Assumptions.abort("no method " + name + " here");
        };
    }

    private static Parameter parameter(AdaptedModel model, String key) {
        int dot = key.lastIndexOf('.');
        String ending = key.substring(dot + 1);
        return Objects.requireNonNull(Objects.requireNonNull(model.layers().get(key.substring(0, dot)))
                .adapters()
                .get(NAME)
                .parameters()
                .get(ending.equals("disha") ? Bone.BLOCK : ending));
    }

    private static void checkLogits(Rwkv6ForCausalLm model, NDArray ids, SafetensorsFile io) {
        ParameterStore store = new ParameterStore(ids.getManager(), false);
        NDArray logits = model.forward(store, new NDList(ids), false).singletonOrThrow();
        Tolerance.FLOAT32_RECURRENCE.check("logits", logits.toFloatArray(), io.doubles("logits"));
    }

    private static void checkLoss(Rwkv6ForCausalLm model, NDArray ids, SafetensorsFile io) {
        try (NDScope scope = new NDScope();
                TorchAutograd gradients = TorchAutograd.enabled()) {
            scope.suppressNotUsedWarning();
            NDArray loss = model.loss(new ParameterStore(ids.getManager(), false), new NDList(ids), ids, true);
            Tolerance.FLOAT32_RECURRENCE.check("loss", loss.toFloatArray(), io.doubles("loss"));
            TorchAutograd.backward(loss);
        }
    }

    private static void checkGradients(SafetensorsFile io, Function<String, Parameter> parameters) {
        GoldenModels.checkGradients(io, GRADIENT, parameters, Tolerance.FLOAT32_RECURRENCE);
    }

    private static void checkGradient(SafetensorsFile io, String key, NDArray leaf) {
        GoldenModels.checkGradient(io, key, leaf, Tolerance.FLOAT32_RECURRENCE);
    }

    private static void checkState(Rwkv6State state, SafetensorsFile io) {
        for (int i = 0; i < state.layers().size(); i++) {
            Rwkv6State.Layer layer = state.layers().get(i);
            String prefix = "state.blocks." + i + ".";
            Tolerance.FLOAT32_RECURRENCE.check(
                    prefix, layer.attentionShift().toFloatArray(), io.doubles(prefix + "att_shift"));
            Tolerance.FLOAT32_RECURRENCE.check(
                    prefix, layer.channelShift().toFloatArray(), io.doubles(prefix + "ffn_shift"));
            Tolerance.FLOAT32_RECURRENCE.check(prefix, layer.wkv().toFloatArray(), io.doubles(prefix + "wkv"));
        }
    }
}
