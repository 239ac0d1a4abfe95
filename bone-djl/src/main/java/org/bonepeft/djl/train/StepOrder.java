package org.bonepeft.djl.train;

import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.bonepeft.BoneException;

/** The examples of each step, epoch after epoch, from any step on. */
final class StepOrder implements Iterator<StepOrder.Step> {
    /**
     * The examples of a step.
     *
     * @param epoch passes over the data after it, with a fraction
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Step(int[] examples, double epoch) {}

    private final BatchOrder order;
    private final TrainingConfig config;
    private final int size;
    private final int steps;
    private int step;
    private int epoch;
    private int index;
    private List<int[]> batches;

    StepOrder(BatchOrder order, TrainingConfig config, int size, int steps, int start) {
        this.order = order;
        this.config = config;
        this.size = size;
        this.steps = steps;
        step = start;
        batches = batches();
        index = start;
        while (index >= batches.size()) {
            index -= batches.size();
            epoch++;
            batches = batches();
        }
    }

    private List<int[]> batches() {
        List<int[]> found = order.batches(size, config.batchSize(), config.seed(), epoch);
        if (found.isEmpty()) {
            throw new BoneException("there is nothing to train on: no batches of " + size + " examples");
        }
        return found;
    }

    @Override
    public boolean hasNext() {
        return step < steps;
    }

    @Override
    public Step next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        if (index == batches.size()) {
            index = 0;
            epoch++;
            batches = batches();
        }
        step++;
        index++;
        return new Step(batches.get(index - 1), epoch + (double) index / batches.size());
    }
}
