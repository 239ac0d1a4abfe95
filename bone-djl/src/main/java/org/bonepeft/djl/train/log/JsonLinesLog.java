package org.bonepeft.djl.train.log;

import ai.djl.engine.Engine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.bonepeft.djl.train.Evaluation;
import org.bonepeft.djl.train.TrainingResult;
import org.bonepeft.djl.train.TrainingRun;
import org.bonepeft.djl.train.TrainingStep;
import org.bonepeft.json.Json;
import org.jspecify.annotations.Nullable;

/**
 * One JSON object a line: first {@code start} with settings and environment, then {@code step} and {@code evaluation},
 * {@code end}, with the most memory that the process has had (on Linux). A number that is not finite is null.
 */
public final class JsonLinesLog extends FileLog {
    /** Logs into a file, which must not be there yet unless the run goes on from a checkpoint. */
    public JsonLinesLog(Path file) {
        super(file);
    }

    private void write(String event, Map<String, @Nullable Object> fields) {
        Map<String, @Nullable Object> line = new LinkedHashMap<>();
        line.put("event", event);
        fields.forEach(
                (name, value) -> line.put(name, value instanceof Double d && !Double.isFinite(d) ? null : value));
        write((Json.print(line).replaceAll("\n *", "") + '\n').getBytes(StandardCharsets.UTF_8));
    }

    @Override
    void writeHeader(TrainingRun run) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("steps", run.steps());
        fields.put("examples", run.examples());
        fields.put("trainable", run.trainable());
        fields.put("settings", run.config().settings());
        fields.put("environment", environment());
        write("start", fields);
    }

    private static Map<String, String> environment() {
        Map<String, String> environment = new LinkedHashMap<>();
        environment.put(
                "engine",
                "DJL " + Engine.getDjlVersion() + ", PyTorch "
                        + Engine.getEngine("PyTorch").getVersion());
        environment.put("GPUs", "" + Engine.getEngine("PyTorch").getGpuCount());
        environment.put("Java", System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"));
        environment.put(
                "system",
                System.getProperty("os.name") + " " + System.getProperty("os.arch") + ", "
                        + Runtime.getRuntime().availableProcessors() + " processors");
        return environment;
    }

    @Override
    public void onStep(TrainingStep step) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("step", step.step());
        fields.put("epoch", step.epoch());
        fields.put("loss", step.loss());
        fields.put("gradient_norm", step.gradientNorm());
        fields.put("learning_rate", step.learningRate());
        fields.put("tokens", step.tokens());
        fields.put("seconds", step.seconds());
        fields.put("updated", step.updated());
        write("step", fields);
    }

    @Override
    public void onEvaluation(Evaluation evaluation) {
        Map<String, @Nullable Object> metrics = new LinkedHashMap<>();
        evaluation.metrics().forEach((name, value) -> metrics.put(name, Double.isFinite(value) ? value : null));
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("step", evaluation.step());
        fields.put("metrics", metrics);
        fields.put("best", evaluation.best());
        write("evaluation", fields);
    }

    @Override
    public void onEnd(TrainingResult result) {
        if (isOpen()) {
            Map<String, @Nullable Object> fields = new LinkedHashMap<>();
            fields.put("end", result.end().name());
            fields.put("skipped", result.skipped());
            peakResidentMib().ifPresent(mib -> fields.put("peak_resident_mib", mib));
            write("end", fields);
        }
        super.onEnd(result);
    }

    /** The most memory that the process has had, as Linux counts it. */
    private static OptionalLong peakResidentMib() {
        Path status = Path.of("/proc/self/status");
        try (Stream<String> lines = Files.lines(status)) {
            return lines.filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) >> 10)
                    .findFirst();
        } catch (IOException | UncheckedIOException e) {
            return OptionalLong.empty();
        }
    }
}
