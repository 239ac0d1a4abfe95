package org.bonepeft.djl;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Dora;
import org.bonepeft.adapter.Grouping;
import org.bonepeft.adapter.Lora;
import org.bonepeft.adapter.MissMini;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.djl.model.llama.LlamaForCausalLm;
import org.bonepeft.djl.model.roberta.RobertaForSequenceClassification;
import org.bonepeft.json.Json;
import org.bonepeft.merge.Comparison;
import org.bonepeft.merge.OfflineMerge;
import org.bonepeft.peft.AdapterLayer;
import org.bonepeft.peft.AdapterTensor;
import org.bonepeft.peft.PeftAdapter;
import org.bonepeft.peft.Targets;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.testkit.GoldenFolder;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What Java saves, a Python with transformers and PEFT loads without a missing or unknown key, and computes the same
 * logits; its merged weights are those of the offline merge. What PEFT then saves, Java reads as the same adapter. The
 * system property {@code bone.python} names the Python, else it is {@code python3}; without PEFT there the test is
 * skipped.
 */
class PeftInteropTest {
    private static final String PYTHON = System.getProperty("bone.python", "python3");
    private static final String NAME = "default";

    @TempDir
    Path scratch;

    private static List<AdapterMethod> methods() {
        return List.of(
                new Bone(8),
                new Bone(7),
                new Bat(4),
                new MissMini(8, 4),
                new Lora(4, 8),
                new Lora(4, 8, true, 0),
                new Dora(4, 8));
    }

    @Test
    void peft_loadsWhatJavaSaves() throws Exception {
        String version = python("-c", "import peft, torch, transformers; print(peft.__version__)");
        Assumptions.assumeTrue(
                version.matches("(?s)\\d+\\.\\d+.*"), PYTHON + " has no peft and transformers (-Dbone.python=...)");
        List<Map<String, Object>> jobs = new ArrayList<>();
        Map<String, Saved> saved = new LinkedHashMap<>();
        for (Path model : GoldenFolder.get().models()) {
            Object architectures = Json.readObject(model.resolve("config.json")).get("architectures");
            boolean classifies = List.of("RobertaForSequenceClassification").equals(architectures);
            if (!classifies && !List.of("LlamaForCausalLM").equals(architectures)) {
                continue;
            }
            for (AdapterMethod method : methods()) {
                Path adapter = scratch.resolve("adapter" + jobs.size());
                Path merged = scratch.resolve("merged" + jobs.size());
                save(model, classifies, method, jobs.size(), adapter);
                saved.put(adapter.toString(), new Saved(model, adapter, merged, logits(model, classifies, adapter)));
                OfflineMerge.merge(model, adapter, merged, new OfflineMerge.Settings());
                jobs.add(Map.of(
                        "model",
                        model.toString(),
                        "adapter",
                        adapter.toString(),
                        "merged",
                        merged.toString(),
                        "io",
                        model.resolve("io.safetensors").toString()));
            }
            if (classifies) {
                Path unknown = scratch.resolve("unknown");
                save(model, true, new Bat(4, Grouping.ROW), 99, unknown);
                jobs.add(Map.of("model", model.toString(), "refused", unknown.toString()));
            }
        }
        Assumptions.assumeFalse(jobs.isEmpty(), "no RoBERTa or LLaMA in the golden folder");
        for (Map<String, Object> result : run(jobs)) {
            String adapter = (String) Objects.requireNonNull(result.get("adapter"));
            if (adapter.endsWith("unknown")) {
                assertThat(result.get("error")).isEqualTo("KeyError: 'BONEPEFT'");
                continue;
            }
            assertThat(result).as(adapter).containsEntry("ok", true);
            try (SafetensorsFile theirs = SafetensorsFile.open(Path.of(adapter, "logits.safetensors"))) {
                Tolerance.FLOAT32.check(adapter, saved.get(adapter).logits(), theirs.floats("logits"));
                Tolerance.FLOAT32.check(adapter + ", merged", theirs.floats("merged_logits"), theirs.floats("logits"));
            }
            checkSavedByPeft(saved.get(adapter));
        }
    }

    /** An adapter, the offline merge, and the logits with it. */
    private record Saved(Path model, Path adapter, Path merged, float[] logits) {}

    /** Beside an adapter on the head PEFT saves the head's own weight. */
    private void checkSavedByPeft(Saved ours) throws IOException {
        Path theirs = ours.adapter().resolve("again");
        PeftAdapter again = PeftAdapter.read(theirs);
        assertThat(again.base().keySet())
                .isEqualTo(again.layers().containsKey("lm_head") ? Set.of("lm_head.weight") : Set.of());
        Path merged = Files.createTempDirectory(scratch, "merged");
        OfflineMerge.merge(ours.model(), theirs, merged, new OfflineMerge.Settings());
        assertThat(Comparison.of(merged, ours.merged()).same()).isTrue();
        boolean classifies = again.saved().containsKey("classifier.dense.weight");
        assertThat(logits(ours.model(), classifies, theirs)).isEqualTo(ours.logits());
    }

    /** Saves an adapter with random values. */
    private static void save(Path directory, boolean classifies, AdapterMethod method, int seed, Path adapter)
            throws IOException {
        try (NDManager manager = NDManager.newBaseManager()) {
            ModelBlock fresh = load(directory, classifies, manager);
            AdapterConfig.Builder config =
                    AdapterConfig.builder().setMethod(method).optName(NAME);
            if (classifies) {
                config.setTargets(Targets.of("query", "value", "intermediate.dense"))
                        .optModulesToSave("classifier");
            } else {
                boolean onHead = !((LlamaForCausalLm) fresh).config().tied() && takesAnySize(method);
                config.setTargets(
                        onHead ? Targets.of("q_proj", "gate_proj", "lm_head") : Targets.of(Targets.ALL_LINEAR));
            }
            randomized(Adapters.attach(fresh, config.build()).export(NAME), seed)
                    .write(adapter);
        }
    }

    private static boolean takesAnySize(AdapterMethod method) {
        return !(method instanceof Bat || method instanceof MissMini);
    }

    /** Returns the logits that a saved adapter gives here. */
    private static float[] logits(Path directory, boolean classifies, Path adapter) throws IOException {
        try (NDManager manager = NDManager.newBaseManager();
                SafetensorsFile io = SafetensorsFile.open(directory.resolve("io.safetensors"))) {
            ModelBlock model = load(directory, classifies, manager);
            Adapters.attach(model, PeftAdapter.read(adapter), NAME);
            NDList inputs = new NDList(longs(io, "input_ids", manager), longs(io, "attention_mask", manager));
            return model.forward(new ParameterStore(manager, false), inputs, false)
                    .singletonOrThrow()
                    .toFloatArray();
        }
    }

    private static ModelBlock load(Path directory, boolean classifies, NDManager manager) throws IOException {
        return classifies
                ? RobertaForSequenceClassification.load(directory, manager, 0)
                : LlamaForCausalLm.load(directory, manager);
    }

    private static NDArray longs(SafetensorsFile io, String name, NDManager manager) {
        return manager.create(io.longs(name), new Shape(io.tensor(name).shape().toArray()));
    }

    private static PeftAdapter randomized(PeftAdapter adapter, int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Map<String, AdapterLayer> layers = new LinkedHashMap<>();
        adapter.layers().forEach((path, layer) -> {
            Map<String, AdapterTensor> parameters = new LinkedHashMap<>();
            layer.parameters().forEach((name, tensor) -> parameters.put(name, moved(tensor, random)));
            layers.put(path, new AdapterLayer(layer.method(), parameters));
        });
        Map<String, AdapterTensor> saved = new LinkedHashMap<>();
        adapter.saved().forEach((name, tensor) -> saved.put(name, moved(tensor, random)));
        return new PeftAdapter(adapter.config(), layers, saved);
    }

    private static AdapterTensor moved(AdapterTensor tensor, SplittableRandom random) {
        float[] values = tensor.values().clone();
        for (int i = 0; i < values.length; i++) {
            values[i] += (float) random.nextDouble(-0.05, 0.05);
        }
        return new AdapterTensor(tensor.shape(), values);
    }

    private List<Map<String, Object>> run(List<Map<String, Object>> jobs) throws Exception {
        Path script = scratch.resolve("peft_interop.py");
        try (InputStream text = Objects.requireNonNull(getClass().getResourceAsStream("peft_interop.py"))) {
            Files.copy(text, script);
        }
        Path list = Files.writeString(scratch.resolve("jobs.json"), Json.print(jobs));
        String output = python(script.toString(), list.toString());
        List<Map<String, Object>> results = output.lines()
                .filter(line -> line.startsWith("{"))
                .map(line -> Json.parseObject(line, "the script's output"))
                .toList();
        assertThat(results).as(output).hasSameSizeAs(jobs);
        return results;
    }

    /** Returns what Python printed; nothing if there is no Python. */
    private String python(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(PYTHON));
        command.addAll(List.of(arguments));
        Path output = Files.createTempFile(scratch, "python", ".txt");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().put("HF_HUB_OFFLINE", "1");
        try {
            builder.start().waitFor();
        } catch (IOException e) {
            return "";
        }
        return Files.readString(output, StandardCharsets.UTF_8);
    }
}
