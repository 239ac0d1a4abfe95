package org.bonepeft.djl.train;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.bonepeft.djl.backend.Scalars;
import org.bonepeft.djl.torch.TorchAutograd;

/** A model on one device. */
final class Replica<M extends Block, B extends MicroBatch> implements AutoCloseable {
    private static final String ENGINE = "PyTorch";

    private final M model;
    private final Objective<M, B> objective;
    private final Map<String, NDArray> parameters;
    private final NDManager manager;
    private final ParameterStore store;

    Replica(M model, Objective<M, B> objective) {
        this.model = model;
        this.objective = objective;
        parameters = Trainable.of(model);
        manager = NDManager.newBaseManager(parameters.values().iterator().next().getDevice(), ENGINE);
        store = new ParameterStore(manager, false);
    }

    Map<String, NDArray> parameters() {
        return parameters;
    }

    /**
     * Adds the gradients of {@code sum / total}. What it makes belongs to the thread's scope.
     *
     * @param random what dropout depends on: the run's seed, the step, the place in the step
     * @return sum / total
     */
    NDArray backward(B batch, double total, long... random) {
        return TorchAutograd.with(true, () -> {
            Engine.getEngine(ENGINE).setRandomSeed(seed(random));
            NDArray loss = Scalars.times(objective.sum(model, batch, new Pass(manager, store, true)), 1 / total);
            TorchAutograd.backward(loss);
            return loss;
        });
    }

    /** The sum of the losses of a batch, without gradients and dropout. */
    double sum(B batch) {
        try (NDScope arrays = new NDScope()) {
            arrays.suppressNotUsedWarning();
            return TorchAutograd.with(false, () -> value(objective.sum(model, batch, new Pass(manager, store, false))));
        }
    }

    static double value(NDArray scalar) {
        return scalar.toType(ai.djl.ndarray.types.DataType.FLOAT64, false).getDouble();
    }

    /** The names of parameters whose gradient is not finite. */
    List<String> notFinite() {
        List<String> names = new ArrayList<>();
        try (NDScope arrays = new NDScope()) {
            arrays.suppressNotUsedWarning();
            parameters.forEach((name, array) -> TorchAutograd.gradient(array)
                    .filter(gradient -> !Double.isFinite(value(gradient.abs().max())))
                    .ifPresent(gradient -> names.add(name)));
        }
        return names;
    }

    private static int seed(long[] parts) {
        long mixed = 0;
        for (long part : parts) {
            mixed = new SplittableRandom(mixed ^ part).nextLong();
        }
        return (int) mixed;
    }

    @Override
    public void close() {
        manager.close();
    }
}
