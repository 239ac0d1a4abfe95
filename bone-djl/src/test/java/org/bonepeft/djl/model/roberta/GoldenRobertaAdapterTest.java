package org.bonepeft.djl.model.roberta;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.bonepeft.djl.AdaptedModel;
import org.bonepeft.djl.Adapters;
import org.bonepeft.djl.model.CrossEntropyLoss;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.json.Json;
import org.bonepeft.peft.PeftAdapter;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.testkit.GoldenFolder;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** RoBERTa models with the adapter directories that PEFT wrote: logits, loss, every gradient, and the merged model. */
class GoldenRobertaAdapterTest {
    private static final String PREFIX = "grad.base_model.model.";

    @TestFactory
    Stream<DynamicTest> adapters(@TempDir Path scratch) throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (Path directory : GoldenFolder.get().models()) {
            Object architectures =
                    Json.readObject(directory.resolve("config.json")).get("architectures");
            boolean classifies = List.of("RobertaForSequenceClassification").equals(architectures);
            if (!classifies && !List.of("RobertaForMaskedLM").equals(architectures)) {
                continue;
            }
            if (!Files.isDirectory(directory.resolve("adapters"))) {
                tests.add(dynamicTest(directory + " has no adapters", Assumptions::abort));
                continue;
            }
            try (Stream<Path> folders = Files.list(directory.resolve("adapters"))) {
                folders.sorted()
                        .forEach(adapter ->
                                tests.add(dynamicTest(directory.getFileName() + " " + adapter.getFileName(), () -> {
                                    try (NDManager manager = NDManager.newBaseManager()) {
                                        ModelBlock model = classifies
                                                ? RobertaForSequenceClassification.load(directory, manager, 0)
                                                : RobertaForMaskedLm.load(directory, manager);
                                        check(directory, adapter, model, manager, scratch);
                                    }
                                })));
            }
        }
        return tests.isEmpty()
                ? Stream.of(dynamicTest("no RoBERTa in " + GoldenFolder.get(), Assumptions::abort))
                : tests.stream();
    }

    private static void check(Path directory, Path adapter, ModelBlock block, NDManager manager, Path scratch)
            throws IOException {
        AdaptedModel model = Adapters.attach(block, PeftAdapter.read(adapter), "golden");
        try (SafetensorsFile io = SafetensorsFile.open(directory.resolve("io.safetensors"));
                SafetensorsFile expected = SafetensorsFile.open(adapter.resolve("io.safetensors"));
                TorchAutograd gradients = TorchAutograd.enabled()) {
            SafetensorsFile batch = expected.tensors().containsKey("input_ids") ? expected : io;
            NDList inputs = new NDList(longs(batch, "input_ids", manager), longs(batch, "attention_mask", manager));
            NDArray logits = logits(model.block(), inputs, manager);
            Tolerance.FLOAT32.check("logits", logits.toFloatArray(), expected.floats("logits"));
            NDArray loss = CrossEntropyLoss.of(logits, longs(batch, "labels", manager));
            Tolerance.FLOAT32.check("loss", loss.toFloatArray(), expected.floats("loss"));
            TorchAutograd.backward(loss);
            expected.tensors().keySet().stream()
                    .filter(name -> name.startsWith(PREFIX))
                    .forEach(name -> Tolerance.FLOAT32.check(
                            name,
                            TorchAutograd.gradient(parameter(model, name.substring(PREFIX.length()))
                                            .getArray())
                                    .orElseThrow()
                                    .toFloatArray(),
                            expected.floats(name)));
            Path saved = scratch.resolve(directory.getFileName() + "-" + adapter.getFileName());
            model.save("golden", saved);
            model.merge(true);
            NDArray merged = logits(model.block(), inputs, manager);
            Tolerance.FLOAT32.check("merged logits", merged.toFloatArray(), expected.floats("merged_logits"));
            model.unload();
            checkReloaded(directory, saved, block, inputs, manager, expected);
        }
    }

    /** What was saved, on the original base, is the same model: also PiSSA and OLoRA, which are saved as plain LoRA. */
    private static void checkReloaded(
            Path directory, Path saved, Block block, NDList inputs, NDManager manager, SafetensorsFile expected)
            throws IOException {
        Block base = block instanceof RobertaForMaskedLm
                ? RobertaForMaskedLm.load(directory, manager)
                : RobertaForSequenceClassification.load(directory, manager, 0);
        AdaptedModel again = Adapters.attach(base, PeftAdapter.read(saved), "again");
        Tolerance.FLOAT32.check(
                "saved and read again",
                logits(again.block(), inputs, manager).toFloatArray(),
                expected.floats("logits"));
    }

    private static NDArray logits(Block model, NDList inputs, NDManager manager) {
        return model.forward(new ParameterStore(manager, false), inputs, false).singletonOrThrow();
    }

    /** The parameter of a gradient's name: {@code path.miss_block}, {@code path.modules_to_save.dense.weight}, ... */
    private static Parameter parameter(AdaptedModel model, String name) {
        for (var layer : model.layers().entrySet()) {
            if (name.startsWith(layer.getKey() + ".")) {
                var parameters = layer.getValue().adapters().get("golden").parameters();
                String rest = name.substring(layer.getKey().length() + 1);
                return parameters.entrySet().stream()
                        .filter(parameter -> rest.startsWith(parameter.getKey())
                                || (rest.endsWith("_block")
                                        && parameter.getKey().equals("bone"))
                                || (rest.contains("magnitude")
                                        && parameter.getKey().equals("magnitude")))
                        .findFirst()
                        .orElseThrow()
                        .getValue();
            }
        }
        return ((ModelBlock) model.block()).tensors().get(name.replace(".modules_to_save.", "."));
    }

    private static NDArray longs(SafetensorsFile io, String name, NDManager manager) {
        return manager.create(io.longs(name), new Shape(io.tensor(name).shape().toArray()));
    }
}
