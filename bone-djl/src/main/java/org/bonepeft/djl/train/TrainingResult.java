package org.bonepeft.djl.train;

import java.util.List;

/**
 * What became of a run.
 *
 * @param end why it ended
 * @param steps what each step did, those before a checkpoint it went on from excepted
 * @param evaluations in the same way
 * @param skipped steps that were left out because they were not finite, in the whole run
 */
public record TrainingResult(End end, List<TrainingStep> steps, List<Evaluation> evaluations, int skipped) {
    /** Why a run ended. */
    public enum End {
        /** All steps were taken. */
        FINISHED,
        /** Evaluations stopped getting better. */
        STOPPED_EARLY,
        /** The program was asked to end, or {@link FineTuner#stop} was called. */
        INTERRUPTED,
        /** An exception ended it. */
        FAILED
    }

    /** Returns the loss of each step. */
    public List<Double> losses() {
        return steps.stream().map(TrainingStep::loss).toList();
    }
}
