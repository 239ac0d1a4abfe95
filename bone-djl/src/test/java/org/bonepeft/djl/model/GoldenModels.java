package org.bonepeft.djl.model;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.json.Json;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.testkit.GoldenFolder;
import org.bonepeft.testkit.Tolerance;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;

/** What the tests of golden models share. */
public final class GoldenModels {
    private GoldenModels() {}

    /** Checks a model alone. */
    public interface ModelCheck {
        void check(Path model) throws IOException;
    }

    /** Checks a model with an adapter. */
    public interface AdapterCheck {
        void check(Path model, Path adapter) throws IOException;
    }

    /** A test for each model whose configuration is meant, and for each of its adapters; one that is skipped if none is. */
    public static Stream<DynamicTest> tests(
            String name, Predicate<Map<String, @Nullable Object>> meant, ModelCheck alone, AdapterCheck adapted)
            throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (Path model : GoldenFolder.get().models()) {
            if (meant.test(Json.readObject(model.resolve("config.json")))) {
                tests.add(dynamicTest(model.getFileName().toString(), () -> alone.check(model)));
                for (Path adapter : adapters(model)) {
                    tests.add(dynamicTest(
                            model.getFileName() + "/" + adapter.getFileName(), () -> adapted.check(model, adapter)));
                }
            }
        }
        return tests.isEmpty()
                ? Stream.of(dynamicTest("no " + name + " in " + GoldenFolder.get(), Assumptions::abort))
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

    /** Compares the gradient of each parameter for which the file has one, under its name behind {@code prefix}. */
    public static void checkGradients(
            SafetensorsFile io, String prefix, Function<String, Parameter> parameters, Tolerance tolerance) {
        io.tensors().keySet().stream()
                .filter(key -> key.startsWith(prefix))
                .forEach(key -> checkGradient(
                        io,
                        key,
                        parameters.apply(key.substring(prefix.length())).getArray(),
                        tolerance));
    }

    /** Compares the gradient of a leaf with the file's. */
    public static void checkGradient(SafetensorsFile io, String key, NDArray leaf, Tolerance tolerance) {
        try (NDArray gradient = TorchAutograd.gradient(leaf).orElseThrow(() -> new AssertionError("no " + key))) {
            tolerance.check(key, gradient.toFloatArray(), io.doubles(key));
        }
    }

    /** Returns a tensor of integers. */
    public static NDArray longs(SafetensorsFile io, String name, NDManager manager) {
        return manager.create(io.longs(name), new Shape(io.tensor(name).shape().toArray()));
    }
}
