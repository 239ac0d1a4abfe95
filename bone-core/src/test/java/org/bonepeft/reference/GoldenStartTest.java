package org.bonepeft.reference;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.adapter.Lora;
import org.bonepeft.adapter.LoraStart;
import org.bonepeft.adapter.Olora;
import org.bonepeft.adapter.Pissa;
import org.bonepeft.json.Json;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.bonepeft.testkit.GoldenFolder;
import org.bonepeft.testkit.Reference;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The frozen weights that PEFT leaves after PiSSA and OLoRA. */
class GoldenStartTest {
    private static final Map<String, LoraStart> STARTS = Map.of("pissa", new Pissa(), "olora", new Olora());
    private static final String RESIDUAL = "residual.";

    @TestFactory
    Stream<DynamicTest> residuals() throws IOException {
        List<Path> adapters = GoldenFolder.get().adapters();
        return adapters.stream()
                .filter(folder -> Files.exists(folder.resolve("adapter_config.json")))
                .map(folder -> dynamicTest(folder.getFileName().toString(), () -> check(folder)));
    }

    private static void check(Path folder) throws IOException {
        Map<String, Object> config = Json.readObject(folder.resolve("adapter_config.json"));
        LoraStart start = STARTS.get(String.valueOf(config.get("init_lora_weights")));
        org.junit.jupiter.api.Assumptions.assumeTrue(start != null, "no start from the weight");
        int rank = ((Number) config.get("r")).intValue();
        double alpha = ((Number) config.get("lora_alpha")).doubleValue();
        Lora lora = new Lora(rank, alpha, Boolean.TRUE.equals(config.get("use_rslora")), 0, start);
        try (SafetensorsFile base = SafetensorsFile.open(folder.resolveSibling("base.safetensors"));
                SafetensorsFile io = SafetensorsFile.open(folder.resolve("io.safetensors"))) {
            for (String key : io.tensors().keySet()) {
                if (key.startsWith(RESIDUAL)) {
                    String name = key.substring(RESIDUAL.length());
                    double[] actual = residual(lora, name, base.tensor(name).shape(), base.doubles(name));
                    Tolerance.FLOAT32.check(name, actual, io.doubles(key));
                }
            }
        }
    }

    private static double[] residual(Lora lora, String name, Shape shape, double[] weight) {
        LayerSpec layer = new LayerSpec(name, shape.dim(1), shape.dim(0), false, DType.F64, DType.F64);
        Map<String, DoubleTensor> values = new LinkedHashMap<>(Map.of("weight", DoubleTensor.of(shape, weight)));
        Map<String, DoubleTensor> started = lora.weightStart(layer)
                .orElseThrow()
                .evaluate(new ReferenceBackend(), new ReferenceDecompositions(0), values);
        return Reference.get(started, "weight").toArray();
    }
}
