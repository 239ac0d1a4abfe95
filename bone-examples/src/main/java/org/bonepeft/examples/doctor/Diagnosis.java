package org.bonepeft.examples.doctor;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.util.cuda.CudaUtils;
import java.io.IOException;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.bonepeft.djl.torch.TorchEngine;

/**
 * What this machine runs on.
 *
 * @param findings what was found, by what it is
 * @param advice what to do about what is missing
 * @param runs whether the engine runs at all
 */
record Diagnosis(Map<String, List<String>> findings, List<String> advice, boolean runs) {
    private static final String ENGINE = "PyTorch";
    private static final double GIB = 1L << 30;

    static Diagnosis ofThisMachine() {
        Map<String, List<String>> findings = new LinkedHashMap<>();
        List<String> advice = new ArrayList<>();
        findings.put("Java", List.of(System.getProperty("java.vm.name") + " " + System.getProperty("java.version")));
        findings.put(
                "system",
                List.of(System.getProperty("os.name") + " " + System.getProperty("os.arch") + ", "
                        + Runtime.getRuntime().availableProcessors() + " processors, "
                        + memory().orElse("memory unknown")));
        findings.put("DJL", List.of(Engine.getDjlVersion()));
        findings.put("natives on the class path", Natives.onClassPath(ENGINE));
        Natives.chosenByUser().forEach((name, value) -> findings.put(name, List.of(value)));
        Optional<Engine> engine = engine(findings, advice);
        engine.ifPresent(loaded -> {
            findings.put("engine", List.of(ENGINE + " " + loaded.getVersion()));
            findings.put("loaded libraries", Natives.loaded());
            devices(loaded, findings, advice);
            compiledPath(findings, advice);
        });
        return new Diagnosis(findings, advice, engine.isPresent());
    }

    private static Optional<Engine> engine(Map<String, List<String>> findings, List<String> advice) {
        try {
            return Optional.of(Engine.getEngine(ENGINE));
        } catch (EngineException | IllegalArgumentException | LinkageError e) {
            findings.put("engine", List.of("none: " + rootMessage(e)));
            advice.add("Put " + Natives.artifacts() + " on the class path, both of one version, or point"
                    + " PYTORCH_LIBRARY_PATH at the lib folder of a PyTorch of that version (docs/CUDA.md).");
            return Optional.empty();
        }
    }

    private static String rootMessage(Throwable e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return String.valueOf(root.getMessage());
    }

    private static void devices(Engine engine, Map<String, List<String>> findings, List<String> advice) {
        List<String> gpus = new ArrayList<>();
        for (int i = 0; i < engine.getGpuCount(); i++) {
            MemoryUsage usage = CudaUtils.getGpuMemory(Device.gpu(i));
            gpus.add(String.format(
                    Locale.ROOT,
                    "gpu%d: %.1f GiB of memory, %.1f used; compute capability %s",
                    i,
                    usage.getMax() / GIB,
                    usage.getCommitted() / GIB,
                    CudaUtils.getComputeCapability(i)));
        }
        if (!gpus.isEmpty()) {
            findings.put("CUDA", List.of(CudaUtils.getCudaVersionString()));
            findings.put("devices", gpus);
        } else if (CudaUtils.getGpuCount() > 0 || Files.exists(Path.of("/proc/driver/nvidia/version"))) {
            advice.add("There is a CUDA driver, but this PyTorch runs on the CPU alone: docs/CUDA.md names the two ways"
                    + " to one that uses the GPU.");
        } else {
            advice.add("No CUDA device: everything runs on the CPU. With one, see docs/CUDA.md.");
        }
    }

    private static Optional<String> memory() {
        Path file = Path.of("/proc/meminfo");
        try {
            return Files.exists(file)
                    ? Files.readAllLines(file).stream()
                            .filter(line -> line.startsWith("MemTotal:"))
                            .map(line -> String.format(
                                    Locale.ROOT,
                                    "%.1f GiB of memory",
                                    Double.parseDouble(line.replaceAll("\\D", "")) * 1024 / GIB))
                            .findFirst()
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static void compiledPath(Map<String, List<String>> findings, List<String> advice) {
        Optional<String> reason = TorchEngine.unavailable();
        findings.put(
                "compiled path",
                List.of(reason.map(why -> "off: " + why)
                        .orElse("on: one native call for a layer of bone's models, or for an adapted linear")));
        if (reason.isPresent()) {
            advice.add("Without the compiled path everything runs op by op: slower, in float32 and float64 only."
                    + " Use one of the versions named above.");
        }
    }
}
