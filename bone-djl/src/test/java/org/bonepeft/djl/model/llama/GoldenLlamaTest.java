package org.bonepeft.djl.model.llama;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Stream;
import org.bonepeft.djl.AdaptedModel;
import org.bonepeft.djl.Adapters;
import org.bonepeft.djl.model.GoldenModels;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.peft.PeftAdapter;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.testkit.Tolerance;
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
        return GoldenModels.tests(
                "LLaMA",
                config -> Set.of("llama", "mistral", "qwen2").contains(String.valueOf(config.get("model_type"))),
                GoldenLlamaTest::checkModel,
                GoldenLlamaTest::checkAdapter);
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
            NDArray loss = model.loss(store, inputs, GoldenModels.longs(io, "labels", manager), false);
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
            SafetensorsFile batch = io.tensors().containsKey("input_ids") ? io : common;
            NDList inputs = inputs(batch, manager);
            checkLogits(model, inputs, store, io, "logits");
            try (NDScope scope = new NDScope();
                    TorchAutograd gradients = TorchAutograd.enabled()) {
                scope.suppressNotUsedWarning();
                NDArray loss = model.loss(store, inputs, GoldenModels.longs(batch, "labels", manager), true);
                Tolerance.FLOAT32.check("loss", loss.toFloatArray(), io.floats("loss"));
                TorchAutograd.backward(loss);
            }
            GoldenModels.checkGradients(io, GRADIENT, key -> parameter(adapted, key), Tolerance.FLOAT32);
            adapted.merge(false);
            checkLogits(model, inputs, store, io, "merged_logits");
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
        return new NDList(
                GoldenModels.longs(io, "input_ids", manager), GoldenModels.longs(io, "attention_mask", manager));
    }
}
