package org.bonepeft.djl.model.roberta;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.bonepeft.djl.model.CrossEntropyLoss;
import org.bonepeft.json.Json;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.testkit.GoldenFolder;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Hidden states, logits and loss against those of Hugging Face transformers, for every RoBERTa in the golden folder. */
class GoldenRobertaTest {
    @TestFactory
    Stream<DynamicTest> models() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (Path directory : GoldenFolder.get().models()) {
            Object architectures =
                    Json.readObject(directory.resolve("config.json")).get("architectures");
            if (List.of("RobertaForMaskedLM").equals(architectures)) {
                tests.add(dynamicTest(directory.toString(), () -> {
                    try (NDManager manager = NDManager.newBaseManager()) {
                        RobertaForMaskedLm model = RobertaForMaskedLm.load(directory, manager);
                        check(directory, manager, model, model.encoder());
                    }
                }));
            } else if (List.of("RobertaForSequenceClassification").equals(architectures)) {
                tests.add(dynamicTest(directory.toString(), () -> {
                    try (NDManager manager = NDManager.newBaseManager()) {
                        RobertaForSequenceClassification model =
                                RobertaForSequenceClassification.load(directory, manager, 0);
                        check(directory, manager, model, model.encoder());
                    }
                }));
            }
        }
        return tests.isEmpty()
                ? Stream.of(dynamicTest("no RoBERTa in " + GoldenFolder.get(), Assumptions::abort))
                : tests.stream();
    }

    private static void check(Path directory, NDManager manager, Block model, Block encoder) throws IOException {
        ParameterStore store = new ParameterStore(manager, false);
        try (SafetensorsFile io = SafetensorsFile.open(directory.resolve("io.safetensors"))) {
            NDList inputs = new NDList(longs(io, "input_ids", manager), longs(io, "attention_mask", manager));
            NDArray hidden = encoder.forward(store, inputs, false).singletonOrThrow();
            Tolerance.FLOAT32.check("hidden", hidden.toFloatArray(), io.floats("hidden"));
            NDArray logits = model.forward(store, inputs, false).singletonOrThrow();
            Tolerance.FLOAT32.check("logits", logits.toFloatArray(), io.floats("logits"));
            NDArray loss = CrossEntropyLoss.of(logits, longs(io, "labels", manager));
            Tolerance.FLOAT32.check("loss", loss.toFloatArray(), io.floats("loss"));
        }
    }

    private static NDArray longs(SafetensorsFile io, String name, NDManager manager) {
        return manager.create(io.longs(name), new Shape(io.tensor(name).shape().toArray()));
    }
}
