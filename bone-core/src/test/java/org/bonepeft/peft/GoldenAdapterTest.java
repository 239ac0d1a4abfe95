package org.bonepeft.peft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.bonepeft.json.Json;
import org.bonepeft.reference.DoubleTensor;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.testkit.GoldenFolder;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Adapters that PEFT saved: what they compute, and that they are written as they were read. */
class GoldenAdapterTest {
    @TempDir
    Path temporary;

    @TestFactory
    Stream<DynamicTest> smallNetwork_withAdapter_computesWhatPeftComputed() throws IOException {
        List<Path> adapters = GoldenFolder.get().adapters();
        Assumptions.assumeFalse(adapters.isEmpty(), "no golden adapters");
        return adapters.stream().map(adapter -> DynamicTest.dynamicTest(name(adapter), () -> compute(adapter)));
    }

    private static void compute(Path directory) throws IOException {
        try (SafetensorsFile base = SafetensorsFile.open(directory.resolveSibling("base.safetensors"));
                SafetensorsFile io = SafetensorsFile.open(directory.resolve("io.safetensors"))) {
            Map<String, DoubleTensor> weights = new LinkedHashMap<>(SmallNetwork.tensors(base, ""));
            weights.putAll(SmallNetwork.tensors(io, "residual."));
            SmallNetwork network = new SmallNetwork(weights, PeftAdapter.read(directory));
            assertThat(network.adapter().problemsWith(network.linears())).isEmpty();
            double[] x = io.doubles("x");
            double[] y = io.doubles("y");
            int sequences = (int) io.tensor("x").shape().dim(0);
            int hidden = (int) io.tensor("x").shape().dim(2);
            int tokens = x.length / hidden;
            double[][] rows = new double[tokens][];
            for (int t = 0; t < tokens; t++) {
                rows[t] = Arrays.copyOfRange(x, t * hidden, (t + 1) * hidden);
            }
            int length = tokens / sequences;
            double[] actual = Stream.iterate(0, s -> s + length)
                    .limit(sequences)
                    .flatMap(s -> Arrays.stream(network.forward(Arrays.copyOfRange(rows, s, s + length))))
                    .flatMapToDouble(Arrays::stream)
                    .toArray();
            Tolerance.FLOAT32.check(name(directory), actual, y);
        }
    }

    @TestFactory
    Stream<DynamicTest> adapter_readAndWritten_isTheSame() throws IOException {
        List<Path> adapters = Stream.concat(GoldenFolder.get().adapters().stream(), ofModels())
                .toList();
        Assumptions.assumeFalse(adapters.isEmpty(), "no golden adapters");
        return adapters.stream().map(adapter -> DynamicTest.dynamicTest(name(adapter), () -> copy(adapter)));
    }

    private static Stream<Path> ofModels() throws IOException {
        return GoldenFolder.get().models().stream().flatMap(model -> {
            try (Stream<Path> found = Files.walk(model, 3)) {
                return found
                        .filter(path -> path.endsWith("adapter_config.json"))
                        .map(path -> Objects.requireNonNull(path.getParent()))
                        .filter(GoldenAdapterTest::isPeft)
                        .toList()
                        .stream();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
    }

    private static boolean isPeft(Path adapter) {
        try {
            return Json.readObject(adapter.resolve("adapter_config.json")).containsKey("peft_type");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void copy(Path directory) throws IOException {
        Path copy = Files.createTempDirectory(temporary, "copy");
        PeftAdapter.read(directory).write(copy);
        assertThat(copy.resolve("adapter_config.json"))
                .hasSameTextualContentAs(directory.resolve("adapter_config.json"));
        assertThat(copy.resolve("adapter_model.safetensors"))
                .hasSameBinaryContentAs(directory.resolve("adapter_model.safetensors"));
    }

    private static String name(Path adapter) {
        return GoldenFolder.get().path().relativize(adapter).toString();
    }
}
