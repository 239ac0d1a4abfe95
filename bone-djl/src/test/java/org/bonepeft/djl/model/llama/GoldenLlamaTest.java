package org.bonepeft.djl.model.llama;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.bonepeft.djl.AdaptedModel;
import org.bonepeft.djl.Adapters;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.json.Json;
import org.bonepeft.peft.PeftAdapter;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.testkit.GoldenFolder;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Hidden states, logits, loss and gradients of every model of this form in the golden folder, alone and with every
 * adapter there, against those of Hugging Face transformers and PEFT.
 */
class GoldenLlamaTest {
    private static final String NAME = "golden";
    private static final String GRADIENT = "grad.base_model.model.";

    @TestFactory
    Stream<DynamicTest> models() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (Path directory : GoldenFolder.get().models()) {
            Object type = Json.readObject(directory.resolve("config.json")).get("model_type");
            if (Set.of("llama", "mistral", "qwen2").contains(String.valueOf(type))) {
                tests.add(dynamicTest(directory.getFileName().toString(), () -> checkModel(directory)));
                for (Path adapter : adapters(directory)) {
                    tests.add(dynamicTest(
                            directory.getFileName() + "/" + adapter.getFileName(),
                            () -> checkAdapter(directory, adapter)));
                }
            }
        }
        return tests.isEmpty()
                ? Stream.of(dynamicTest("no LLaMA in " + GoldenFolder.get(), Assumptions::abort))
                : tests.stream();
    }

    private static List<Path> adapters(Path model) throws IOException {
        Path folder = model.resolve("adapters");
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> directories = Files.list(folder)) {
            return directories.sorted().toList();
        }
    }

    private static void checkModel(Path directory) throws IOException {
        try (NDManager manager = NDManager.newBaseManager();
                SafetensorsFile io = SafetensorsFile.open(directory.resolve("io.safetensors"))) {
            LlamaForCausalLm model = LlamaForCausalLm.load(directory, manager);
            ParameterStore store = new ParameterStore(manager, false);
            NDList inputs = inputs(io, manager);
            NDArray hidden = model.decoder().forward(store, inputs, false).singletonOrThrow();
            Tolerance.FLOAT32.check("hidden", hidden.toFloatArray(), io.floats("hidden"));
            checkLogits(model, inputs, store, io, "logits");
            NDArray loss = model.loss(store, inputs, longs(io, "labels", manager), false);
            Tolerance.FLOAT32.check("loss", loss.toFloatArray(), io.floats("loss"));
        }
    }

    private static void checkAdapter(Path directory, Path adapterDirectory) throws IOException {
        PeftAdapter adapter = PeftAdapter.read(adapterDirectory);
        try (NDManager manager = NDManager.newBaseManager();
                SafetensorsFile common = SafetensorsFile.open(directory.resolve("io.safetensors"));
                SafetensorsFile io = SafetensorsFile.open(adapterDirectory.resolve("io.safetensors"))) {
            LlamaForCausalLm model = LlamaForCausalLm.load(directory, manager);
            AdaptedModel adapted = Adapters.attach(model, adapter, NAME);
            ParameterStore store = new ParameterStore(manager, false);
            NDList inputs = inputs(common, manager);
            checkLogits(model, inputs, store, io, "logits");
            try (NDScope scope = new NDScope();
                    TorchAutograd gradients = TorchAutograd.enabled()) {
                scope.suppressNotUsedWarning();
                NDArray loss = model.loss(store, inputs, longs(common, "labels", manager), true);
                Tolerance.FLOAT32.check("loss", loss.toFloatArray(), io.floats("loss"));
                TorchAutograd.backward(loss);
            }
            io.tensors().keySet().stream()
                    .filter(key -> key.startsWith(GRADIENT))
                    .forEach(key -> checkGradient(adapted, io, key));
            adapted.merge(false);
            checkLogits(model, inputs, store, io, "merged_logits");
        }
    }

    private static void checkGradient(AdaptedModel model, SafetensorsFile io, String key) {
        Parameter parameter = parameter(model, key.substring(GRADIENT.length()));
        try (NDArray gradient =
                TorchAutograd.gradient(parameter.getArray()).orElseThrow(() -> new AssertionError("no " + key))) {
            Tolerance.FLOAT32.check(key, gradient.toFloatArray(), io.floats(key));
        }
    }

    /** The parameter of a file's key: {@code path.miss_block}, {@code path.lora_A.weight}, or that of a whole module. */
    private static Parameter parameter(AdaptedModel model, String key) {
        for (var layer : model.layers().entrySet()) {
            if (key.startsWith(layer.getKey() + ".")) {
                String rest = key.substring(layer.getKey().length() + 1);
                String name = rest.endsWith("_block")
                        ? "bone"
                        : rest.replace(".weight", "").replace("lora_magnitude_vector", "magnitude");
                return layer.getValue().adapters().get(NAME).parameters().get(name);
            }
        }
        return ((LlamaForCausalLm) model.block()).tensors().get(key.replace(".modules_to_save.", "."));
    }

    private static void checkLogits(
            LlamaForCausalLm model, NDList inputs, ParameterStore store, SafetensorsFile io, String name) {
        NDArray logits = model.forward(store, inputs, false).singletonOrThrow();
        Tolerance.FLOAT32.check(name, logits.toFloatArray(), io.floats(name));
    }

    private static NDList inputs(SafetensorsFile io, NDManager manager) {
        return new NDList(longs(io, "input_ids", manager), longs(io, "attention_mask", manager));
    }

    private static NDArray longs(SafetensorsFile io, String name, NDManager manager) {
        return manager.create(io.longs(name), new Shape(io.tensor(name).shape().toArray()));
    }
}
