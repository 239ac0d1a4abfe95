package org.bonepeft.examples.report;

import java.io.PrintStream;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;
import org.bonepeft.djl.train.TrainingListener;
import org.bonepeft.djl.train.TrainingRun;
import org.bonepeft.djl.train.TrainingStep;

/**
 * Progress of a training run: steps, time left, loss, tokens per second. On a terminal one line that is redrawn; else
 * (a file, a pipe, CI) a line every ten seconds and one at the end.
 */
public final class Progress implements TrainingListener, AutoCloseable {
    private final ProgressBar bar;
    private final long start = System.nanoTime();
    private long tokens;
    private double loss = Double.NaN;

    /** Starts the display of {@code steps} steps under a name. */
    public Progress(String name, long steps, PrintStream err) {
        bar = ProgressBars.builder(name, steps, err).build();
    }

    @Override
    public void onStart(TrainingRun run) {
        bar.stepTo(run.startStep());
    }

    @Override
    public void onStep(TrainingStep step) {
        tokens += step.tokens();
        if (step.updated()) {
            loss = Double.isNaN(loss) ? step.loss() : 0.95 * loss + 0.05 * step.loss();
        }
        bar.setExtraMessage(String.format(Locale.ROOT, "loss %.3f, %,.0f tokens/s", loss, tokensPerSecond()));
        bar.step();
    }

    /** Counts texts that are done. */
    public void done(int texts) {
        bar.stepBy(texts);
    }

    /** Returns the tokens taken in so far. */
    public long tokens() {
        return tokens;
    }

    /** Returns the seconds since the start. */
    public double seconds() {
        return (System.nanoTime() - start) / 1e9;
    }

    /** Returns the mean number of tokens per second since the start. */
    public double tokensPerSecond() {
        return tokens / seconds();
    }

    @Override
    public void close() {
        bar.close();
    }
}
