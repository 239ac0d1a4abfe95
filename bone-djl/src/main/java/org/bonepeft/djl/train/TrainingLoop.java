package org.bonepeft.djl.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDScope;
import ai.djl.nn.Block;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.bonepeft.djl.torch.AdamW;

/** One run of a {@link FineTuner}. */
final class TrainingLoop<M extends Block, B extends MicroBatch> implements AutoCloseable {
    private final FineTuner<M, B> tuner;
    private final TrainingConfig config;
    private final int steps;
    private final Replica<M, B> replica;
    private final AdamW optimizer;
    private final List<TrainingStep> history = new ArrayList<>();
    private final List<Evaluation> evaluations = new ArrayList<>();
    private Progress progress = Progress.START;

    /**
     * Where a run stands.
     *
     * @param step updates taken
     * @param skipped steps left out
     * @param best the best value of the metric, NaN for none
     * @param bestStep after which step
     * @param worse evaluations since then
     */
    record Progress(int step, int skipped, double best, int bestStep, int worse) {
        static final Progress START = new Progress(0, 0, Double.NaN, 0, 0);
    }

    TrainingLoop(FineTuner<M, B> tuner) {
        this.tuner = tuner;
        config = tuner.config;
        steps = config.totalSteps(tuner.data.size(), tuner.order);
        replica = new Replica<>(tuner.model, tuner.objective);
        optimizer = config.optimizer().build(replica.parameters());
    }

    TrainingResult run() throws IOException {
        TrainingResult.End end = TrainingResult.End.FAILED;
        try {
            long trainable = replica.parameters().values().stream()
                    .mapToLong(NDArray::size)
                    .sum();
            tell(listener ->
                    listener.onStart(new TrainingRun(config, tuner.data.size(), steps, progress.step(), trainable)));
            end = steps();
        } finally {
            TrainingResult result = result(end);
            tell(listener -> listener.onEnd(result));
        }
        return result(end);
    }

    private TrainingResult result(TrainingResult.End end) {
        return new TrainingResult(end, List.copyOf(history), List.copyOf(evaluations), progress.skipped());
    }

    private TrainingResult.End steps() {
        StepOrder order = new StepOrder(tuner.order, config, tuner.data.size(), steps, progress.step());
        optimizer.zeroGradients();
        try (Prefetcher<B> loader = new Prefetcher<>(tuner.data, config.microBatch(), order)) {
            while (progress.step() < steps) {
                if (tuner.isStopped()) {
                    return TrainingResult.End.INTERRUPTED;
                }
                long start = System.nanoTime();
                Prefetcher.Loaded<B> loaded = loader.next();
                TrainingStep done = step(loaded, start);
                history.add(done);
                progress = new Progress(
                        done.step(),
                        progress.skipped() + (done.updated() ? 0 : 1),
                        progress.best(),
                        progress.bestStep(),
                        progress.worse());
                tell(listener -> listener.onStep(done));
                if (tuner.evaluation.isPresent() && evaluate(tuner.evaluation.get())) {
                    return TrainingResult.End.STOPPED_EARLY;
                }
            }
        }
        return TrainingResult.End.FINISHED;
    }

    private TrainingStep step(Prefetcher.Loaded<B> loaded, long start) {
        int number = progress.step() + 1;
        double rate = config.learningRate() * config.schedule().at(progress.step(), steps);
        double total = loaded.parts().stream().mapToDouble(MicroBatch::weight).sum();
        double loss = total > 0 ? backward(loaded.parts(), total, number) : Double.NaN;
        double norm = Double.NaN;
        if (Double.isFinite(loss)) {
            norm = optimizer.step(rate, config.maxNorm());
        }
        boolean updated = Double.isFinite(norm);
        if (!updated && total > 0 && !config.skipNonFinite()) {
            throw new NonFiniteException(number, loss, norm, replica.notFinite());
        }
        optimizer.zeroGradients();
        long tokens = loaded.parts().stream().mapToLong(MicroBatch::tokens).sum();
        double seconds = (System.nanoTime() - start) / 1e9;
        return new TrainingStep(number, steps, loaded.epoch(), loss, norm, rate, tokens, seconds, updated);
    }

    /** Adds the gradients of the mean loss over all micro-batches, and returns it. */
    private double backward(List<B> parts, double total, int step) {
        double loss = 0;
        for (int place = 0; place < parts.size(); place++) {
            B part = parts.get(place);
            if (part.weight() > 0) {
                try (NDScope arrays = new NDScope()) {
                    arrays.suppressNotUsedWarning();
                    loss += Replica.value(replica.backward(part, total, config.seed(), step, place));
                }
            }
        }
        return loss;
    }

    /** Evaluates if it is time to, and returns whether patience is over. */
    private boolean evaluate(EvaluationPlan plan) {
        int step = progress.step();
        if (step % plan.every() != 0 && step != steps) {
            return false;
        }
        Map<String, Double> metrics = plan.evaluate();
        double value = metrics.getOrDefault(plan.metric(), Double.NaN);
        boolean better = plan.isBetter(value, progress.best());
        progress = better
                ? new Progress(step, progress.skipped(), value, step, 0)
                : new Progress(step, progress.skipped(), progress.best(), progress.bestStep(), progress.worse() + 1);
        Evaluation evaluation = new Evaluation(step, Map.copyOf(metrics), better);
        evaluations.add(evaluation);
        tell(listener -> listener.onEvaluation(evaluation));
        return plan.patience() > 0 && progress.worse() >= plan.patience();
    }

    private void tell(Consumer<TrainingListener> what) {
        tuner.listeners.forEach(what);
    }

    @Override
    public void close() {
        optimizer.zeroGradients();
        optimizer.close();
        replica.close();
    }
}
