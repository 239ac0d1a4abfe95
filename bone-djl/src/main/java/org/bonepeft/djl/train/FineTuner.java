package org.bonepeft.djl.train;

import ai.djl.nn.Block;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bonepeft.BoneException;
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
    final M model;
    final Objective<M, B> objective;
    final TrainingData<B> data;
    final TrainingConfig config;
    final BatchOrder order;
    final List<TrainingListener> listeners;
    final Optional<EvaluationPlan> evaluation;
    private volatile boolean stopped;

    private FineTuner(Builder<M, B> builder) {
        model = builder.model;
        objective = builder.objective;
        data = require(builder.data, "setData");
        config = require(builder.config, "setConfig");
        order = builder.order;
        listeners = List.copyOf(builder.listeners);
        evaluation = Optional.ofNullable(builder.evaluation);
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
     * Trains from the model's present parameters.
     *
     * @throws NonFiniteException if a loss or gradient is not finite and such steps are not skipped
     * @throws BoneException if the data or the model do not fit
     * @throws IOException if a file cannot be written or read
     */
    public TrainingResult train() throws IOException {
        stopped = false;
        try (TrainingLoop<M, B> loop = new TrainingLoop<>(this)) {
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
        try (Replica<M, B> replica = new Replica<>(model, objective)) {
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

        /** Tells a listener what happens. */
        public Builder<M, B> addListener(TrainingListener listener) {
            listeners.add(listener);
            return this;
        }

        /**
         * Returns the fine-tuner.
         *
         * @throws BoneException if the data or the configuration were not set
         */
        public FineTuner<M, B> build() {
            return new FineTuner<>(this);
        }
    }
}
