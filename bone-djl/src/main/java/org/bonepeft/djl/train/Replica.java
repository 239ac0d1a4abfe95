package org.bonepeft.djl.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.bonepeft.BoneException;
import org.bonepeft.djl.backend.Scalars;
import org.bonepeft.djl.model.LayerRunner;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.djl.torch.TorchTypes;

/** A model on one device. */
final class Replica<M extends Block, B extends MicroBatch> implements AutoCloseable {
    static final String ENGINE = "PyTorch";

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
     * @return sum / total
     */
    NDArray backward(B batch, double total, boolean recomputes, Seeds seeds) {
        return TorchAutograd.with(true, () -> {
            seeds.of(0).set();
            LayerTape tape = new LayerTape(recomputes, seeds);
            Pass pass = new Pass(manager, store, true);
            NDArray loss = Scalars.times(LayerRunner.with(tape, () -> objective.sum(model, batch, pass)), 1 / total);
            tape.requireLayers();
            TorchAutograd.backward(loss);
            tape.backward();
            return loss;
        });
    }

    /** Adds another replica's gradients to this one's. */
    void addGradients(Replica<M, B> other) {
        try (NDScope arrays = new NDScope()) {
            arrays.suppressNotUsedWarning();
            parameters.forEach((name, own) -> TorchAutograd.gradient(other.parameter(name))
                    .ifPresent(theirs -> TorchAutograd.gradient(own)
                            .orElseThrow()
                            .addi(TorchTypes.toDevice(theirs, own.getDevice()))));
        }
    }

    /** Takes another replica's values, and forgets the gradients. */
    void copy(Replica<M, B> other) {
        parameters.forEach((name, own) -> {
            TorchTypes.copy(other.parameter(name), own);
            TorchAutograd.zero(own);
        });
    }

    /** Throws unless another model has the same parameters to train. */
    void requireLike(Replica<M, B> first) {
        if (!shapes().equals(first.shapes())) {
            throw new BoneException("the model on " + manager.getDevice() + " trains " + shapes() + ", the first one "
                    + first.shapes() + "; attach the same adapters to both");
        }
    }

    /** The number of elements to train. */
    long size() {
        return parameters.values().stream().mapToLong(NDArray::size).sum();
    }

    private Map<String, Shape> shapes() {
        Map<String, Shape> shapes = new TreeMap<>();
        parameters.forEach((name, array) -> shapes.put(name, array.getShape()));
        return shapes;
    }

    private NDArray parameter(String name) {
        return Objects.requireNonNull(parameters.get(name));
    }

    /** The sum of the losses of a batch, without gradients and dropout. */
    double sum(B batch) {
        try (NDScope arrays = new NDScope()) {
            arrays.suppressNotUsedWarning();
            return TorchAutograd.with(false, () -> value(objective.sum(model, batch, new Pass(manager, store, false))));
        }
    }

    static double value(NDArray scalar) {
        return scalar.toType(DataType.FLOAT64, false).getDouble();
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

    @Override
    public void close() {
        manager.close();
    }
}
