package org.bonepeft.djl.train;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.nn.Block;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.bonepeft.BoneException;
import org.bonepeft.djl.torch.NativeMemory;
import org.jspecify.annotations.Nullable;

/**
 * Trains what is not frozen in a model, for example the adapters that {@link org.bonepeft.djl.Adapters#attach} put in:
 * in each step the gradient of {@code sum_i loss_i / sum_i 1} over all micro-batches together, clipped by its global
 * norm, and one AdamW update. The engine is PyTorch.
 *
 * <pre>{@code
 * AdaptedModel adapted = Adapters.attach(model, adapterConfig);
 * TrainingResult result = FineTuner.builder(model, Objective.nextToken())
 *         .setData(TrainingData.of(sequences, some -> TokenBatch.of(some, pad)))
 *         .setConfig(TrainingConfig.builder()
 *                 .setBatchSize(32).optMicroBatch(8).setEpochs(3).setLearningRate(2e-4)
 *                 .optSchedule(Schedule.cosine().withWarmUp(0.03))
 *                 .build())
 *         .build()
 *         .train();
 * adapted.save("default", folder);
 * }</pre>
 *
 * <p>Dropout is seeded anew for each micro-batch from the run's seed, the step and the place in it, so a step depends on
 * nothing but the parameters before it.
 *
 * @param <M> the model
 * @param <B> the micro-batch
 */
public final class FineTuner<M extends Block, B extends MicroBatch> {
    /** How long a program that ends waits for a step of which nothing would be saved. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    final List<M> models = new ArrayList<>();
    final Objective<M, B> objective;
    final TrainingData<B> data;
    final TrainingConfig config;
    final BatchOrder order;
    final List<TrainingListener> listeners;
    final Optional<EvaluationPlan> evaluation;
    final Optional<CheckpointPlan> checkpoints;
    final boolean resume;
    private volatile boolean stopped;

    private FineTuner(Builder<M, B> builder) {
        models.add(builder.model);
        models.addAll(builder.replicas());
        objective = builder.objective;
        data = require(builder.data, "setData");
        config = require(builder.config, "setConfig");
        order = builder.order;
        listeners = List.copyOf(builder.listeners);
        evaluation = Optional.ofNullable(builder.evaluation);
        checkpoints = Optional.ofNullable(builder.checkpoints);
        resume = builder.resume;
        if (resume && checkpoints.isEmpty()) {
            throw new BoneException("optResume needs optCheckpoints: where would the run go on from?");
        }
    }

    private static <T> T require(@Nullable T value, String what) {
        if (value == null) {
            throw new BoneException("the fine-tuner lacks " + what);
        }
        return value;
    }

    /** Returns a builder. */
    public static <M extends Block, B extends MicroBatch> Builder<M, B> builder(M model, Objective<M, B> objective) {
        return new Builder<>(model, objective);
    }

    /**
     * Trains from the model's present parameters, or goes on from the newest checkpoint. A program that is told to end
     * (Ctrl-C, SIGTERM) waits for the present step, saves if there are checkpoints, and then ends; without checkpoints it
     * waits for half a minute at most.
     *
     * @throws NonFiniteException if a loss or gradient is not finite and such steps are not skipped
     * @throws BoneException if the data or the model do not fit
     * @throws IOException if a file cannot be written or read
     */
    @SuppressWarnings("try") // the interruption is not named again
    public TrainingResult train() throws IOException {
        stopped = false;
        NativeMemory.keepFreed();
        Duration patience = checkpoints.isPresent() ? Duration.ofDays(1) : PATIENCE;
        try (Interruption interruption = new Interruption(this::stop, patience);
                TrainingLoop<M, B> loop = new TrainingLoop<>(this)) {
            return loop.run();
        }
    }

    /** Ends the run after the present step; may be called on any thread. */
    public void stop() {
        stopped = true;
    }

    boolean isStopped() {
        return stopped;
    }

    /** Returns the mean loss of all examples of some data, without dropout. */
    public double meanLoss(TrainingData<B> heldOut) {
        try (Replica<M, B> replica = new Replica<>(models.get(0), objective)) {
            double sum = 0;
            double weight = 0;
            for (int[] examples : BatchOrder.sequential().batches(heldOut.size(), config.microBatch(), 0, 0)) {
                B batch = heldOut.batch(examples);
                if (batch.weight() > 0) {
                    sum += replica.sum(batch);
                    weight += batch.weight();
                }
            }
            return sum / weight;
        }
    }

    /** Builds a {@link FineTuner}. */
    public static final class Builder<M extends Block, B extends MicroBatch> {
        private final M model;
        private final Objective<M, B> objective;
        private final List<TrainingListener> listeners = new ArrayList<>();
        private @Nullable TrainingData<B> data;
        private @Nullable TrainingConfig config;
        private BatchOrder order = BatchOrder.shuffled();
        private @Nullable EvaluationPlan evaluation;
        private @Nullable CheckpointPlan checkpoints;
        private boolean resume;
        private List<Device> devices = List.of();
        private Function<Device, M> factory = device -> {
            throw new IllegalStateException("no factory for " + device);
        };

        private Builder(M model, Objective<M, B> objective) {
            this.model = model;
            this.objective = objective;
        }

        /** Sets what to train on. */
        public Builder<M, B> setData(TrainingData<B> examples) {
            data = examples;
            return this;
        }

        /** Sets how to train. */
        public Builder<M, B> setConfig(TrainingConfig how) {
            config = how;
            return this;
        }

        /** Sets which examples a step has; {@link BatchOrder#shuffled} if not called. */
        public Builder<M, B> optOrder(BatchOrder batches) {
            order = batches;
            return this;
        }

        /** Evaluates between steps. */
        public Builder<M, B> optEvaluation(EvaluationPlan plan) {
            evaluation = plan;
            return this;
        }

        /** Saves so that a run can go on, whatever ends it. */
        public Builder<M, B> optCheckpoints(CheckpointPlan plan) {
            checkpoints = plan;
            return this;
        }

        /**
         * Goes on from the newest checkpoint, if there is one: to the same bits as if the run had never ended. Listeners
         * must be added in the same order as then.
         */
        public Builder<M, B> optResume(boolean value) {
            resume = value;
            return this;
        }

        /**
         * Trains on several devices at once: the micro-batches of a step go to them in turns, and their gradients are
         * added up on the first, so that a step is that of one device with the same micro-batches, up to rounding.
         *
         * @param all the devices, that of the model first; the same one may come twice
         * @param make returns the model with the same adapters on another device, owned by the caller; the adapters'
         *     values are copied from the first
         */
        public Builder<M, B> optDevices(List<Device> all, Function<Device, M> make) {
            devices = List.copyOf(all);
            factory = make;
            return this;
        }

        private List<M> replicas() {
            int gpus = Engine.getEngine(Replica.ENGINE).getGpuCount();
            devices.forEach(device -> {
                if (device.isGpu() && device.getDeviceId() >= gpus) {
                    throw new BoneException(
                            "there is no device " + device + " to train on: PyTorch sees " + gpus + " GPUs here");
                }
            });
            return devices.stream().skip(1).map(factory).toList();
        }

        /** Tells a listener what happens. */
        public Builder<M, B> addListener(TrainingListener listener) {
            listeners.add(listener);
            return this;
        }

        /**
         * Returns the fine-tuner.
         *
         * @throws BoneException if the data or the configuration were not set, a device is missing, or there are no
         *     checkpoints to resume from
         */
        public FineTuner<M, B> build() {
            return new FineTuner<>(this);
        }
    }
}
