package org.bonepeft.examples.glue;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Lora;
import org.bonepeft.adapter.LoraGa;
import org.bonepeft.djl.AdaptedModel;
import org.bonepeft.djl.AdapterConfig;
import org.bonepeft.djl.Adapters;
import org.bonepeft.djl.backend.Scalars;
import org.bonepeft.djl.model.roberta.RobertaConfig;
import org.bonepeft.djl.model.roberta.RobertaForSequenceClassification;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.djl.train.BatchOrder;
import org.bonepeft.djl.train.FineTuner;
import org.bonepeft.djl.train.Pass;
import org.bonepeft.djl.train.TrainingListener;
import org.bonepeft.djl.train.TrainingResult;
import org.bonepeft.peft.PeftAdapter;
import org.bonepeft.peft.PeftConfig;
import org.bonepeft.peft.Targets;

/** A RoBERTa with a classification head on a device, with the memory it takes; close it to free that. */
final class Classifier implements AutoCloseable {
    /** DJL's name of the engine. */
    static final String ENGINE = "PyTorch";

    private static final String ADAPTER = "default";

    private final NDManager manager;
    private final RobertaForSequenceClassification model;
    private final Optional<AdaptedModel> adapted;
    private final ParameterStore store;

    private Classifier(NDManager manager, RobertaForSequenceClassification model, Optional<AdaptedModel> adapted) {
        this.manager = manager;
        this.model = model;
        this.adapted = adapted;
        this.store = new ParameterStore(manager, false);
    }

    /**
     * Loads the model's folder and prepares it for a method. A head that the folder lacks is made at random from the
     * seed, the same for every method.
     *
     * @param rows to train on; LoRA-GA starts from the gradients of the first of them
     * @throws BoneException if the folder holds no such model
     * @throws IOException if a file cannot be read
     */
    static Classifier prepare(MethodPlan plan, GlueOptions options, RobertaConfig config, EncodedRows rows)
            throws IOException {
        NDManager manager = NDManager.newBaseManager(options.hardware().device(), ENGINE);
        try {
            RobertaForSequenceClassification model = RobertaForSequenceClassification.load(
                    options.model(), config, manager, options.training().seed());
            if (plan.method().equals(Method.HEAD_ONLY)) {
                model.encoder().freezeParameters(true);
            }
            Optional<AdaptedModel> adapted =
                    plan.adapter().map(adapter -> attach(model, adapter, options, manager, rows));
            return new Classifier(manager, model, adapted);
        } catch (Throwable e) {
            manager.close();
            throw e;
        }
    }

    private static AdaptedModel attach(
            RobertaForSequenceClassification model,
            AdapterMethod adapter,
            GlueOptions options,
            NDManager manager,
            EncodedRows rows) {
        AdapterConfig config = adapterConfig(adapter, options);
        if (!(adapter instanceof Lora lora && lora.start() instanceof LoraGa)) {
            return Adapters.attach(model, config);
        }
        int[] first = IntStream.range(0, Math.min(options.training().batchSize(), rows.size()))
                .toArray();
        RowBatch batch = new RowBatch(rows, first, model.config().padTokenId());
        return Adapters.attach(model, config, store -> backward(model, batch, new Pass(manager, store, true)));
    }

    /** Adds the gradients of the mean loss of a batch. */
    @SuppressWarnings("try") // the recording of gradients is not named again
    private static void backward(RobertaForSequenceClassification model, RowBatch batch, Pass pass) {
        try (NDScope arrays = new NDScope();
                TorchAutograd recording = TorchAutograd.enabled()) {
            arrays.suppressNotUsedWarning();
            TorchAutograd.backward(Scalars.times(batch.lossSum(model, pass), 1 / batch.weight()));
        }
    }

    /** Trains what is not frozen. */
    TrainingResult train(EncodedRows rows, TrainSettings settings, double learningRate, TrainingListener... listeners)
            throws IOException {
        FineTuner.Builder<RobertaForSequenceClassification, RowBatch> tuner =
                FineTuner.<RobertaForSequenceClassification, RowBatch>builder(
                                model, (network, batch, pass) -> batch.lossSum(network, pass))
                        .setData(RowBatch.data(rows, model.config().padTokenId()))
                        .optOrder(BatchOrder.byLength(rows.lengths()))
                        .setConfig(settings.config(rows.size(), learningRate));
        List.of(listeners).forEach(tuner::addListener);
        return tuner.build().train();
    }

    private static AdapterConfig adapterConfig(AdapterMethod adapter, GlueOptions options) {
        return AdapterConfig.builder()
                .optName(ADAPTER)
                .setMethod(adapter)
                .setTargets(Targets.of(options.targets()))
                .optModulesToSave(MethodPlan.HEAD)
                .optSeed(options.training().seed())
                .build();
    }

    /**
     * Writes what was trained: an adapter with the head, as Hugging Face PEFT keeps it, or without an adapter the model.
     *
     * @param base the folder of the base model, to be named in the adapter's configuration
     */
    void save(Path folder, Path base) throws IOException {
        if (adapted.isEmpty()) {
            model.save(folder);
            Files.copy(base.resolve(TextEncoder.FILE), folder.resolve(TextEncoder.FILE));
            return;
        }
        PeftAdapter adapter = adapted.get().export(ADAPTER);
        PeftConfig config = adapter.config()
                .with("base_model_name_or_path", base.toString())
                .with("task_type", "SEQ_CLS");
        Files.createDirectories(folder);
        new PeftAdapter(config, adapter.layers(), adapter.saved()).write(folder);
    }

    /** Returns the class with the largest logit for every row. */
    @SuppressWarnings("try") // the mode without gradients is not named again
    int[] predict(EncodedRows rows, int batchSize) {
        int[] lengths = rows.lengths();
        int[] classes = new int[lengths.length];
        try (TorchAutograd off = TorchAutograd.disabled()) {
            for (int[] batch : Batches.byLength(lengths, batchSize)) {
                try (NDScope arrays = new NDScope()) {
                    arrays.suppressNotUsedWarning();
                    RowBatch some = new RowBatch(rows, batch, model.config().padTokenId());
                    long[] best = some.logits(model, new Pass(manager, store, false))
                            .argMax(1)
                            .toLongArray();
                    for (int i = 0; i < batch.length; i++) {
                        classes[batch[i]] = (int) best[i];
                    }
                }
            }
        }
        return classes;
    }

    /** Returns the parameters that are not frozen. */
    private List<Parameter> trainable() {
        return model.getParameters().values().stream()
                .filter(Parameter::requiresGradient)
                .toList();
    }

    /** Returns the number of all elements. */
    long size() {
        return size(model.getParameters().values());
    }

    /** Returns the number of elements that are trained. */
    long trainableSize() {
        return size(trainable());
    }

    private static long size(Collection<Parameter> parameters) {
        return parameters.stream()
                .mapToLong(parameter -> parameter.getShape().size())
                .sum();
    }

    @Override
    public void close() {
        manager.close();
    }
}
