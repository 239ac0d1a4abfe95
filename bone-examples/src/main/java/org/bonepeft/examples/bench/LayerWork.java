package org.bonepeft.examples.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import java.util.List;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.djl.torch.TorchTypes;
import org.bonepeft.tensor.DType;

/** y = layer(x), and the gradients of sum(y dy) with respect to x and all trainable arrays; the gradients are dropped. */
final class LayerWork implements Work {
    private final NDManager manager;
    private final Layer layer;
    private final List<NDArray> trained;
    private final NDArray x;
    private final NDArray dy;

    /** Computes y on this thread. */
    interface Layer {
        NDArray forward(NDArray x, boolean training);
    }

    /**
     * Creates the work.
     *
     * @param manager owns everything, and is closed with this
     * @param work tells {@code in}, {@code out} and {@code tokens}
     * @param type of x and dy
     */
    LayerWork(NDManager manager, Layer layer, List<NDArray> trained, Fields work, DType type, Draws draws) {
        this.manager = manager;
        this.layer = layer;
        this.trained = trained;
        x = draws.normal(manager, "x", 1, type, work.integer("tokens"), work.integer("in"));
        dy = draws.normal(manager, "dy", 1, type, work.integer("tokens"), work.integer("out"));
    }

    @Override
    public long tokens() {
        return x.getShape().get(0);
    }

    @Override
    @SuppressWarnings("try") // the recording mode is not named again
    public void step() {
        try (NDScope scope = new NDScope();
                TorchAutograd recording = TorchAutograd.enabled()) {
            scope.suppressNotUsedWarning();
            NDArray leaf = x.stopGradient();
            leaf.setRequiresGradient(true);
            TorchAutograd.backward(layer.forward(leaf, true), dy);
            trained.forEach(TorchAutograd::zero);
        }
        Bench.synchronize(manager);
    }

    @Override
    @SuppressWarnings("try") // the mode without gradients is not named again
    public double check() {
        try (NDScope scope = new NDScope();
                TorchAutograd off = TorchAutograd.disabled()) {
            scope.suppressNotUsedWarning();
            float[] y = TorchTypes.floats(layer.forward(x, false));
            float[] weights = TorchTypes.floats(dy);
            double sum = 0;
            for (int i = 0; i < y.length; i++) {
                sum += (double) y[i] * weights[i];
            }
            return sum;
        }
    }

    @Override
    public long trainable() {
        return trained.stream().mapToLong(NDArray::size).sum();
    }

    @Override
    public void close() {
        manager.close();
    }
}
