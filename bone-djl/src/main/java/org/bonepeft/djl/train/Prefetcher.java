package org.bonepeft.djl.train;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Makes the micro-batches of the next steps on a thread of its own while the present step is computed. */
final class Prefetcher<B extends MicroBatch> implements AutoCloseable {
    /** The micro-batches of a step. */
    record Loaded<B>(List<B> parts, double epoch) {}

    private static final int AHEAD = 2;

    private final TrainingData<B> data;
    private final int microBatch;
    private final Iterator<StepOrder.Step> order;
    private final Deque<Future<Loaded<B>>> ready = new ArrayDeque<>();
    private final ExecutorService thread = Executors.newSingleThreadExecutor(task -> {
        Thread daemon = new Thread(task, "training data");
        daemon.setDaemon(true);
        return daemon;
    });

    Prefetcher(TrainingData<B> data, int microBatch, Iterator<StepOrder.Step> order) {
        this.data = data;
        this.microBatch = microBatch;
        this.order = order;
    }

    /** The micro-batches of the next step. */
    Loaded<B> next() {
        while (ready.size() <= AHEAD && order.hasNext()) {
            StepOrder.Step step = order.next();
            ready.add(thread.submit(() -> new Loaded<>(load(step.examples()), step.epoch())));
        }
        try {
            return ready.remove().get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException("making a batch failed", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for data", e);
        }
    }

    private List<B> load(int[] examples) {
        List<B> parts = new ArrayList<>();
        for (int from = 0; from < examples.length; from += microBatch) {
            parts.add(data.batch(Arrays.copyOfRange(examples, from, Math.min(examples.length, from + microBatch))));
        }
        return parts;
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
