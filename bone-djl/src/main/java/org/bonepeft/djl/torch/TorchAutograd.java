package org.bonepeft.djl.torch;

import ai.djl.ndarray.NDArray;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * PyTorch's reverse mode without DJL's {@code GradientCollector}, of which a JVM can have only one at a time. Grad mode
 * is a setting of the thread: any number of threads may record and go backward at once.
 *
 * <pre>{@code
 * try (TorchAutograd grad = TorchAutograd.enabled()) {
 *     NDArray y = forward(x);
 *     TorchAutograd.backward(y, dy);
 * }
 * try (NDArray dx = TorchAutograd.gradient(x).orElseThrow()) { ... }
 * }</pre>
 */
public final class TorchAutograd implements AutoCloseable {
    private final boolean before;

    private TorchAutograd(boolean enable) {
        TorchEngine.require();
        before = TorchEngine.isGradEnabled();
        TorchEngine.setGradEnabled(enable);
    }

    /** Records gradients on this thread until closed; then the thread's former mode is restored. */
    public static TorchAutograd enabled() {
        return new TorchAutograd(true);
    }

    /** Records no gradients on this thread until closed; then the thread's former mode is restored. */
    public static TorchAutograd disabled() {
        return new TorchAutograd(false);
    }

    /** Returns what {@code body} returns, run with or without recording gradients on this thread. */
    public static <T> T with(boolean enable, Supplier<T> body) {
        TorchAutograd scope = new TorchAutograd(enable);
        try {
            return body.get();
        } finally {
            scope.close();
        }
    }

    /** Returns whether this thread records gradients. */
    public static boolean isEnabled() {
        TorchEngine.require();
        return TorchEngine.isGradEnabled();
    }

    /** Returns whether a backward pass from this array would reach a leaf. */
    public static boolean isRecorded(NDArray array) {
        try (NDArray answer =
                TorchMethods.method("requires_grad").tensor(array).run().singletonOrThrow()) {
            return answer.getBoolean();
        }
    }

    /** Returns another handle of the same array, to be closed by itself. */
    public static NDArray handle(NDArray array) {
        return TorchMethods.method("same").tensor(array).run().singletonOrThrow();
    }

    /** Restores the thread's former mode; to be called on the thread that opened it. */
    @Override
    public void close() {
        TorchEngine.setGradEnabled(before);
    }

    /**
     * Adds {@code (dy/dx)^T dy} to the gradient of every leaf x that y depends on, and frees what was recorded.
     *
     * @param y an array of any shape that was computed in grad mode
     * @param dy the cotangent, of the shape and type of y
     */
    public static void backward(NDArray y, NDArray dy) {
        TorchEngine.require();
        TorchEngine.backward(y, dy, false);
    }

    /** Adds {@code dy/dx} to the gradient of every leaf x that the scalar y depends on. */
    public static void backward(NDArray y) {
        try (NDArray one = TorchMethods.method("ones_like").tensor(y).run().singletonOrThrow()) {
            backward(y, one);
        }
    }

    /**
     * Returns the gradient of a leaf, or empty if backward never reached it. The array is a new handle of the same
     * memory, owned by the leaf's manager: close it.
     */
    public static Optional<NDArray> gradient(NDArray leaf) {
        TorchEngine.require();
        return TorchEngine.gradient(leaf);
    }

    /** Sets the gradient of a leaf to zero, if it has one. */
    public static void zero(NDArray leaf) {
        TorchEngine.require();
        TorchEngine.zeroGradient(leaf);
    }
}
