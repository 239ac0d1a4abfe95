package org.bonepeft.djl.train;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.bonepeft.djl.AdaptedModel;
import org.bonepeft.djl.Adapters;
import org.bonepeft.djl.backend.Scalars;
import org.bonepeft.djl.model.CrossEntropyLoss;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.djl.model.llama.LlamaForCausalLm;
import org.bonepeft.djl.model.roberta.RobertaForSequenceClassification;
import org.bonepeft.json.Json;
import org.bonepeft.peft.PeftAdapter;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.testkit.GoldenFolder;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Twenty steps that PEFT and torch took from an adapter: AdamW with decay on everything, clipping at 1, warm-up and
 * cosine; here in one go and accumulated. Loss and gradient norm of every step, and the adapter afterwards.
 */
class GoldenTrainingTest {
    private static final String PREFIX = "final.base_model.model.";

    @TestFactory
    Stream<DynamicTest> runs(@TempDir Path scratch) throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (Path model : GoldenFolder.get().models()) {
            if (!Files.isDirectory(model.resolve("adapters"))) {
                continue;
            }
            try (Stream<Path> adapters = Files.list(model.resolve("adapters"))) {
                adapters.filter(adapter -> Files.exists(adapter.resolve("train.safetensors")))
                        .sorted()
                        .forEach(adapter -> {
                            String name = model.getFileName() + " " + adapter.getFileName();
                            for (int micro : new int[] {4, 1}) {
                                tests.add(dynamicTest(
                                        name + ", micro-batch " + micro,
                                        () -> check(model, adapter, micro, scratch.resolve(name + micro))));
                            }
                        });
            }
        }
        return tests.isEmpty()
                ? Stream.of(dynamicTest("no training runs in " + GoldenFolder.get(), Assumptions::abort))
                : tests.stream();
    }

    /** Rows of ids, mask, and labels: of tokens, or one for the row. */
    @SuppressWarnings("ArrayRecordComponent")
    private record Rows(long[][] ids, long[][] mask, long[][] labels, boolean classes) implements MicroBatch {
        @Override
        public double weight() {
            return classes
                    ? ids.length
                    : Arrays.stream(labels)
                            .flatMapToLong(row -> Arrays.stream(row).skip(1))
                            .filter(label -> label != CrossEntropyLoss.IGNORED)
                            .count();
        }

        @Override
        public long tokens() {
            return Arrays.stream(mask).flatMapToLong(Arrays::stream).sum();
        }
    }

    /** Without dropout, as the other program ran. */
    private static NDArray sum(ModelBlock model, Rows rows, Pass pass) {
        NDManager manager = pass.manager();
        NDList inputs = new NDList(manager.create(rows.ids()), manager.create(rows.mask()));
        NDArray labels = manager.create(rows.labels());
        NDArray mean = model instanceof LlamaForCausalLm llama
                ? llama.loss(pass.store(), inputs, labels, false)
                : CrossEntropyLoss.of(model.forward(pass.store(), inputs, false).singletonOrThrow(), labels.flatten());
        return Scalars.times(mean, rows.weight());
    }

    private static void check(Path directory, Path adapter, int micro, Path scratch) throws IOException {
        Object architectures = Json.readObject(directory.resolve("config.json")).get("architectures");
        boolean classes = List.of("RobertaForSequenceClassification").equals(architectures);
        Assumptions.assumeTrue(
                classes || String.valueOf(architectures).matches("\\[(Llama|Mistral|Qwen2)ForCausalLM]"),
                architectures + " is not trained here");
        try (NDManager manager = NDManager.newBaseManager();
                SafetensorsFile train = SafetensorsFile.open(adapter.resolve("train.safetensors"))) {
            ModelBlock model = classes
                    ? RobertaForSequenceClassification.load(directory, manager, 0)
                    : LlamaForCausalLm.load(directory, manager);
            AdaptedModel adapted = Adapters.attach(model, PeftAdapter.read(adapter), "golden");
            long[] shape = train.tensor("input_ids").shape().toArray();
            int steps = (int) shape[0];
            int batch = (int) shape[1];
            long[][] ids = rows(train, "input_ids", steps * batch);
            long[][] mask = rows(train, "attention_mask", steps * batch);
            long[][] labels = rows(train, "labels", steps * batch);
            List<Integer> indices =
                    Stream.iterate(0, i -> i + 1).limit(steps * (long) batch).toList();
            TrainingResult result = FineTuner.builder(model, GoldenTrainingTest::sum)
                    .setData(TrainingData.of(
                            indices, some -> new Rows(pick(ids, some), pick(mask, some), pick(labels, some), classes)))
                    .optOrder(BatchOrder.sequential())
                    .setConfig(TrainingConfig.builder()
                            .setBatchSize(batch)
                            .optMicroBatch(micro)
                            .setEpochs(1)
                            .setLearningRate(5e-3)
                            .optSchedule(Schedule.cosine().withWarmUp(5))
                            .optOptimizer(AdamWConfig.defaults().withWeightDecay(0.1, true))
                            .build())
                    .build()
                    .train();
            double[] rates = train.doubles("lr");
            double[] losses = train.doubles("loss");
            double[] norms = train.doubles("grad_norm");
            for (int i = 0; i < steps; i++) {
                TrainingStep step = result.steps().get(i);
                close("learning rate of step " + i, step.learningRate(), rates[i]);
                close("loss of step " + i, step.loss(), losses[i]);
                close("gradient norm of step " + i, step.gradientNorm(), norms[i]);
            }
            adapted.save("golden", scratch);
            checkFinal(train, scratch.resolve("adapter_model.safetensors"));
        }
    }

    private static void close(String what, double actual, double expected) {
        Tolerance.TRAINING.check(what, new double[] {actual}, new double[] {expected});
    }

    private static void checkFinal(SafetensorsFile train, Path saved) throws IOException {
        try (SafetensorsFile file = SafetensorsFile.open(saved)) {
            train.tensors().keySet().stream()
                    .filter(name -> name.startsWith(PREFIX))
                    .forEach(name -> {
                        String key = name.substring("final.".length())
                                .replace(".modules_to_save.", ".")
                                .replace("magnitude_vector.weight", "magnitude_vector");
                        Tolerance.TRAINING.check(name, file.floats(key), train.floats(name));
                    });
        }
    }

    private static long[][] rows(SafetensorsFile file, String name, int count) {
        long[] all = file.longs(name);
        int width = all.length / count;
        long[][] rows = new long[count][];
        for (int i = 0; i < count; i++) {
            rows[i] = Arrays.copyOfRange(all, i * width, (i + 1) * width);
        }
        return rows;
    }

    private static long[][] pick(long[][] rows, List<Integer> indices) {
        return indices.stream().map(i -> rows[i]).toArray(long[][]::new);
    }
}
