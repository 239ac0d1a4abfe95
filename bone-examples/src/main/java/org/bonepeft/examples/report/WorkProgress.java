package org.bonepeft.examples.report;

import java.io.PrintStream;
import java.util.function.LongConsumer;
import me.tongfei.progressbar.ProgressBar;

/** Progress through known work: how much is done, how fast, time left. */
public final class WorkProgress implements LongConsumer, AutoCloseable {
    private final ProgressBar bar;
    private final long start = System.nanoTime();

    private WorkProgress(ProgressBar bar) {
        this.bar = bar;
    }

    /** Starts the display of {@code bytes} bytes under a name. */
    public static WorkProgress ofBytes(String name, long bytes, PrintStream err) {
        return new WorkProgress(ProgressBars.builder(name, bytes, err)
                .setUnit(" MB", 1_000_000)
                .showSpeed()
                .build());
    }

    /** Starts the display of {@code layers} layers under a name. */
    public static WorkProgress ofLayers(String name, int layers, PrintStream err) {
        return new WorkProgress(
                ProgressBars.builder(name, layers, err).setUnit(" layers", 1).build());
    }

    /** Counts what is done. */
    @Override
    public void accept(long more) {
        bar.stepBy(more);
    }

    /** Returns the seconds since the start. */
    public double seconds() {
        return (System.nanoTime() - start) / 1e9;
    }

    @Override
    public void close() {
        bar.close();
    }
}
