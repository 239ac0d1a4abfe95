package org.bonepeft.examples.report;

import java.io.PrintStream;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;

/**
 * Progress of a training run: steps, time left, loss, tokens per second. On a terminal one line that is redrawn; else
 * (a file, a pipe, CI) a line every ten seconds and one at the end.
 */
public final class Progress implements AutoCloseable {
    private final ProgressBar bar;
    private final long start = System.nanoTime();
    private long tokens;
    private double loss = Double.NaN;

    /** Starts the display of {@code steps} steps under a name. */
    public Progress(String name, long steps, PrintStream err) {
        bar = ProgressBars.builder(name, steps, err).build();
    }

    /** Counts one step: how many tokens it took in (padding not counted) and its loss. */
    public void step(long stepTokens, double stepLoss) {
        tokens += stepTokens;
        loss = Double.isNaN(loss) ? stepLoss : 0.95 * loss + 0.05 * stepLoss;
        bar.setExtraMessage(String.format(Locale.ROOT, "loss %.3f, %,.0f tokens/s", loss, tokensPerSecond()));
        bar.step();
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
