package org.bonepeft.examples.lm;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Lora;
import org.bonepeft.adapter.LoraGa;
import org.bonepeft.djl.AdaptedModel;
import org.bonepeft.djl.AdapterConfig;
import org.bonepeft.djl.Adapters;
import org.bonepeft.djl.model.CausalLm;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.djl.train.AdamWConfig;
import org.bonepeft.djl.train.BatchOrder;
import org.bonepeft.djl.train.FineTuner;
import org.bonepeft.djl.train.Objective;
import org.bonepeft.djl.train.Schedule;
import org.bonepeft.djl.train.TokenBatch;
import org.bonepeft.djl.train.TrainingConfig;
import org.bonepeft.djl.train.TrainingData;
import org.bonepeft.djl.train.TrainingResult;
import org.bonepeft.examples.lm.Encoder.Tokens;
import org.bonepeft.examples.report.Progress;
import org.bonepeft.peft.PeftAdapter;
import org.bonepeft.peft.PeftConfig;
import org.bonepeft.peft.Targets;

/** An adapter on a language model: attached, trained, saved. */
public final class AdapterTraining {
    private static final String ADAPTER = "default";

    private final LanguageModel<?> language;
    private final AdaptedModel adapted;
    private final List<TokenBatch.Sequence> sequences;
    private final int[] lengths;
    private final Settings settings;

    /**
     * How to train.
     *
     * @param steps if not 0, instead of the epochs
     * @param warmUp the share of the steps in which the learning rate rises; then it falls along a cosine
     */
    public record Settings(
            double epochs,
            int steps,
            int batchSize,
            int microBatch,
            double learningRate,
            double weightDecay,
            double warmUp,
            long seed) {}

    /**
     * Attaches a method to a model.
     *
     * @param sequences to train on; LoRA-GA starts from the gradients of the first of them
     */
    public AdapterTraining(
            LanguageModel<?> language,
            AdapterMethod method,
            Targets targets,
            List<Tokens> sequences,
            Settings settings) {
        this.language = language;
        this.settings = settings;
        this.sequences = sequences.stream()
                .map(each -> new TokenBatch.Sequence(each.ids(), each.labels()))
                .toList();
        lengths = sequences.stream().mapToInt(each -> each.ids().length).toArray();
        AdapterConfig config = AdapterConfig.builder()
                .optName(ADAPTER)
                .setMethod(method)
                .setTargets(targets)
                .optSeed(settings.seed())
                .build();
        adapted = method instanceof Lora lora && lora.start() instanceof LoraGa
                ? Adapters.attach(language.model(), config, store -> backward(language, store))
                : Adapters.attach(language.model(), config);
    }

    /** The gradients of the loss of the first batch. */
    @SuppressWarnings("try") // the recording is not named again
    private <M extends ModelBlock & CausalLm> void backward(LanguageModel<M> of, ParameterStore store) {
        TokenBatch batch = collate(sequences.subList(0, Math.min(settings.batchSize(), sequences.size())));
        try (NDScope arrays = new NDScope();
                TorchAutograd recording = TorchAutograd.enabled()) {
            arrays.suppressNotUsedWarning();
            NDManager manager = of.manager();
            NDList inputs = new NDList(manager.create(batch.ids()), manager.create(batch.mask()));
            NDArray loss = of.model().loss(store, inputs, manager.create(batch.labels()), true);
            TorchAutograd.backward(loss);
        }
    }

    private TokenBatch collate(List<TokenBatch.Sequence> some) {
        return TokenBatch.of(some, language.ends().iterator().next());
    }

    /** Returns the adapted model. */
    public AdaptedModel adapted() {
        return adapted;
    }

    /** Trains, with a progress display under a name. */
    public TrainingResult run(String name, PrintStream err) throws IOException {
        return run(language, name, err);
    }

    private <M extends ModelBlock & CausalLm> TrainingResult run(LanguageModel<M> of, String name, PrintStream err)
            throws IOException {
        TrainingConfig.Builder config = TrainingConfig.builder()
                .setBatchSize(settings.batchSize())
                .optMicroBatch(Math.min(settings.microBatch(), settings.batchSize()))
                .setLearningRate(settings.learningRate())
                .optSchedule(Schedule.cosine().withWarmUp(settings.warmUp()))
                .optOptimizer(AdamWConfig.defaults().withWeightDecay(settings.weightDecay(), false))
                .optSeed(settings.seed());
        if (settings.steps() > 0) {
            config.setSteps(settings.steps());
        } else {
            config.setEpochs(settings.epochs());
        }
        int steps = settings.steps() > 0
                ? settings.steps()
                : (int) Math.ceil(settings.epochs() * sequences.size() / settings.batchSize());
        try (Progress progress = new Progress(name, steps, err)) {
            return FineTuner.<M, TokenBatch>builder(of.model(), Objective.nextToken())
                    .setData(TrainingData.of(sequences, this::collate))
                    .setConfig(config.build())
                    .optOrder(BatchOrder.byLength(lengths))
                    .addListener(progress)
                    .build()
                    .train();
        }
    }

    /**
     * Writes the adapter as Hugging Face PEFT keeps it.
     *
     * @param base the folder of the base model, to be named in the configuration
     */
    public void save(Path folder, Path base) throws IOException {
        PeftAdapter adapter = adapted.export(ADAPTER);
        PeftConfig config = adapter.config()
                .with("base_model_name_or_path", base.toString())
                .with("task_type", "CAUSAL_LM");
        Files.createDirectories(folder);
        new PeftAdapter(config, adapter.layers(), adapter.saved()).write(folder);
    }
}
