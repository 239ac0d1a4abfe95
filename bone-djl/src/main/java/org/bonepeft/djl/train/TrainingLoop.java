package org.bonepeft.djl.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDScope;
import ai.djl.nn.Block;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.bonepeft.BoneException;
import org.bonepeft.djl.torch.AdamW;
import org.bonepeft.djl.train.Checkpoint.Progress;

/** One run of a {@link FineTuner}. */
final class TrainingLoop<M extends Block, B extends MicroBatch> implements AutoCloseable {
    private final FineTuner<M, B> tuner;
    private final TrainingConfig config;
    private final int steps;
    private final List<Replica<M, B>> replicas = new ArrayList<>();
    private final Replica<M, B> first;
    private final AdamW optimizer;
    private final List<TrainingStep> history = new ArrayList<>();
    private final List<Evaluation> evaluations = new ArrayList<>();
    private Progress progress = Progress.START;
    private int saved = -1;

    TrainingLoop(FineTuner<M, B> tuner) {
        this.tuner = tuner;
        config = tuner.config;
        steps = config.totalSteps(tuner.data.size(), tuner.order);
        tuner.models.forEach(model -> replicas.add(new Replica<>(model, tuner.objective)));
        first = replicas.get(0);
        optimizer = config.optimizer().build(first.parameters());
    }

    TrainingResult run() throws IOException {
        TrainingResult.End end = TrainingResult.End.FAILED;
        try {
            resume();
            others().forEach(replica -> {
                replica.requireLike(first);
                replica.copy(first);
            });
            Optional<FrozenWeights> frozen =
                    config.verifyFrozen() ? Optional.of(new FrozenWeights(tuner.models.get(0))) : Optional.empty();
            TrainingRun run = new TrainingRun(config, tuner.data.size(), steps, progress.step(), first.size());
            tell(listener -> listener.onStart(run));
            TrainingResult.End reason = steps();
            frozen.ifPresent(FrozenWeights::check);
            save();
            end = reason;
        } finally {
            TrainingResult result = result(end);
            tell(listener -> listener.onEnd(result));
        }
        return result(end);
    }

    private List<Replica<M, B>> others() {
        return replicas.subList(1, replicas.size());
    }

    private TrainingResult result(TrainingResult.End end) {
        return new TrainingResult(end, List.copyOf(history), List.copyOf(evaluations), progress.skipped());
    }

    private TrainingResult.End steps() throws IOException {
        StepOrder order = new StepOrder(tuner.order, config, tuner.data.size(), steps, progress.step());
        optimizer.zeroGradients();
        try (Prefetcher<B> loader = new Prefetcher<>(tuner.data, config.microBatch(), order)) {
            while (progress.step() < steps) {
                if (tuner.isStopped()) {
                    return TrainingResult.End.INTERRUPTED;
                }
                if (tuner.evaluation.map(this::isOutOfPatience).orElse(false)) {
                    return TrainingResult.End.STOPPED_EARLY;
                }
                long start = System.nanoTime();
                TrainingStep done = step(loader.next(), start);
                history.add(done);
                progress = new Progress(
                        done.step(),
                        progress.skipped() + (done.updated() ? 0 : 1),
                        progress.best(),
                        progress.bestStep(),
                        progress.worse());
                tell(listener -> listener.onStep(done));
                boolean best = tuner.evaluation.map(this::evaluate).orElse(false);
                if (tuner.checkpoints.isPresent()
                        && (done.step() % tuner.checkpoints.get().every() == 0
                                || (best && tuner.checkpoints.get().keepBest()))) {
                    save();
                }
            }
        }
        return TrainingResult.End.FINISHED;
    }

    private boolean isOutOfPatience(EvaluationPlan plan) {
        return plan.patience() > 0 && progress.worse() >= plan.patience();
    }

    private TrainingStep step(Prefetcher.Loaded<B> loaded, long start) {
        int number = progress.step() + 1;
        double rate = config.learningRate() * config.schedule().at(progress.step(), steps);
        List<B> parts =
                loaded.parts().stream().filter(part -> part.weight() > 0).toList();
        double loss = parts.isEmpty() ? Double.NaN : backward(parts, number);
        double norm = Double.NaN;
        if (Double.isFinite(loss)) {
            others().forEach(first::addGradients);
            norm = optimizer.step(rate, config.maxNorm());
        }
        boolean updated = Double.isFinite(norm);
        if (!updated && !parts.isEmpty() && !config.skipNonFinite()) {
            throw new NonFiniteException(number, loss, norm, first.notFinite());
        }
        optimizer.zeroGradients();
        others().forEach(replica -> replica.copy(first));
        long tokens = parts.stream().mapToLong(MicroBatch::tokens).sum();
        double seconds = (System.nanoTime() - start) / 1e9;
        return new TrainingStep(number, steps, loaded.epoch(), loss, norm, rate, tokens, seconds, updated);
    }

    /**
     * Adds the gradients of the mean loss over all micro-batches, and returns it. The replicas take them in turns; what
     * waits for a device comes after all have been given their part.
     */
    private double backward(List<B> parts, int step) {
        double total = parts.stream().mapToDouble(MicroBatch::weight).sum();
        double loss = 0;
        for (int from = 0; from < parts.size(); from += replicas.size()) {
            try (NDScope arrays = new NDScope()) {
                arrays.suppressNotUsedWarning();
                List<NDArray> losses = new ArrayList<>();
                for (int i = from; i < Math.min(parts.size(), from + replicas.size()); i++) {
                    Seeds seeds = new Seeds(config.seed()).of(step).of(i);
                    losses.add(replicas.get(i - from).backward(parts.get(i), total, config.checkpointLayers(), seeds));
                }
                loss += losses.stream().mapToDouble(Replica::value).sum();
            }
        }
        return loss;
    }

    /** Evaluates if it is time to, and returns whether it was the best so far. */
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
        return better;
    }

    private Map<String, String> settings() {
        Map<String, String> settings = new LinkedHashMap<>(config.settings());
        settings.put("number of examples", "" + tuner.data.size());
        settings.put("number of listeners", "" + tuner.listeners.size());
        return settings;
    }

    private void resume() throws IOException {
        if (tuner.checkpoints.isEmpty()) {
            return;
        }
        CheckpointPlan plan = tuner.checkpoints.get();
        Optional<Path> newest = plan.newest();
        if (newest.isPresent()) {
            if (!tuner.resume) {
                throw new BoneException(plan.folder() + " has checkpoints of a run already; go on with it by optResume,"
                        + " remove them, or choose another folder");
            }
            progress = Checkpoint.read(newest.get(), settings(), first.parameters(), optimizer, tuner.listeners);
            saved = progress.step();
        }
        plan.prepare();
    }

    /** Writes a checkpoint unless the last one is of this step. */
    private void save() throws IOException {
        if (tuner.checkpoints.isEmpty() || saved == progress.step()) {
            return;
        }
        CheckpointPlan plan = tuner.checkpoints.get();
        Path file = plan.file(progress.step());
        Checkpoint.write(file, progress, settings(), first.parameters(), optimizer, tuner.listeners);
        saved = progress.step();
        plan.prune(progress.bestStep());
        tell(listener -> listener.onCheckpoint(saved, file));
    }

    private void tell(Consumer<TrainingListener> what) {
        tuner.listeners.forEach(what);
    }

    @Override
    public void close() {
        optimizer.zeroGradients();
        optimizer.close();
        replicas.forEach(Replica::close);
    }
}
