package org.bonepeft.djl.train;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets a program that is told to end (Ctrl-C, SIGTERM) wait until its run has stopped after a step and has saved: PyTorch
 * may crash if it is unloaded while it computes.
 */
final class Interruption implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Interruption.class);

    private final Runnable stop;
    private final Duration patience;
    private final CountDownLatch over = new CountDownLatch(1);
    private final Thread hook = new Thread(this::interrupt, "stop training");

    /** Stops by {@code stop}, and waits at most so long. */
    Interruption(Runnable stop, Duration patience) {
        this.stop = stop;
        this.patience = patience;
        Runtime.getRuntime().addShutdownHook(hook);
    }

    private void interrupt() {
        LOG.info("stopping after the present step");
        stop.run();
        try {
            if (!over.await(patience.toSeconds(), TimeUnit.SECONDS)) {
                LOG.warn("the step did not end within {} s", patience.toSeconds());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        over.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // the program is ending, and the hook is what waited
        }
    }
}
