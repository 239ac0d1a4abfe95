package org.bonepeft.djl.train;

import java.nio.file.Path;

/** Is told what happens in a run, on the thread that trains. What it throws ends the run. */
public interface TrainingListener {
    /** The run starts, or goes on from a checkpoint. */
    default void onStart(TrainingRun run) {}

    /** A step is over. */
    default void onStep(TrainingStep step) {}

    /** The model was evaluated. */
    default void onEvaluation(Evaluation evaluation) {}

    /** A checkpoint is on disk. */
    default void onCheckpoint(int step, Path file) {}

    /** The run is over; also called when it fails, before the exception leaves {@link FineTuner#train}. */
    default void onEnd(TrainingResult result) {}

    /** Returns what a checkpoint must hold for this listener to go on from there. */
    default String state() {
        return "";
    }

    /** Goes on from a checkpoint's {@link #state}; called before {@link #onStart}. */
    default void restore(String state) {}
}
