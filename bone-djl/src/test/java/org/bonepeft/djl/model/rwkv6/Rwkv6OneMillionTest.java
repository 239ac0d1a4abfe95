package org.bonepeft.djl.model.rwkv6;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** A trained model that everybody can have, against rwkv.cpp; it is not part of the project. */
class Rwkv6OneMillionTest {
    private static final Path DIRECTORY =
            Path.of(System.getProperty("bone.root", ""), "../shared/data/checkpoints/rwkv6-1m");

    @Test
    void logits_areThoseOfAnotherImplementation() throws IOException {
        Assumptions.assumeTrue(Files.isDirectory(DIRECTORY), "no " + DIRECTORY);
        try (NDManager manager = NDManager.newBaseManager();
                SafetensorsFile io = SafetensorsFile.open(DIRECTORY.resolve("io.safetensors"));
                SafetensorsFile text = SafetensorsFile.open(DIRECTORY.resolve("io-text.safetensors"))) {
            Rwkv6ForCausalLm model = Rwkv6ForCausalLm.load(DIRECTORY, manager);
            ParameterStore store = new ParameterStore(manager, false);
            NDArray logits = model.forward(store, new NDList(ids(io, manager)), false)
                    .singletonOrThrow()
                    .get("0, -1");
            Tolerance.FLOAT32.check("expected_logits", logits.toFloatArray(), io.doubles("expected_logits"));

            NDArray ids = ids(text, manager);
            NDArray all = model.forward(store, new NDList(ids), false).singletonOrThrow();
            Tolerance.FLOAT32.check("logits", all.toFloatArray(), text.doubles("logits"));
            NDArray loss = model.loss(store, new NDList(ids), ids, false);
            Tolerance.FLOAT32.check("loss", loss.toFloatArray(), text.doubles("loss"));
        }
    }

    private static NDArray ids(SafetensorsFile io, NDManager manager) {
        return manager.create(
                io.longs("input_ids"), new Shape(io.tensor("input_ids").shape().toArray()));
    }
}
