package org.bonepeft.djl.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * How a model that is a list of layers runs one of them. By default it just does; training can put itself between, for
 * example to keep the layer's inputs only and to run it again in the backward pass.
 */
@FunctionalInterface
public interface LayerRunner {
    /** Returns what {@code layer} makes of {@code inputs}. */
    NDList run(NDList inputs, UnaryOperator<NDList> layer);

    /** Runs a layer by this thread's runner; a model calls it for each of its layers, in order. */
    static NDList forward(
            Block layer,
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        @Nullable LayerRunner runner = Current.RUNNER.get();
        return runner == null
                ? layer.forward(store, inputs, training, params)
                : runner.run(inputs, states -> layer.forward(store, states, training, params));
    }

    /**
     * Returns what {@code part} makes of {@code x}. A layer may run a part of itself so: one that no gradient enters or
     * leaves but through x and the result. To the runner it is a layer within the layer.
     */
    static NDArray part(NDArray x, UnaryOperator<NDArray> part) {
        @Nullable LayerRunner runner = Current.RUNNER.get();
        return runner == null
                ? part.apply(x)
                : runner.run(new NDList(x), in -> new NDList(part.apply(in.singletonOrThrow())))
                        .singletonOrThrow();
    }

    /** Returns whether what a layer was given must stay open when it has run; true by default. */
    default boolean keepsInputs() {
        return true;
    }

    /** Closes what a layer was given, once it has made {@code output} of it, unless this thread's runner keeps it. */
    static NDArray passed(NDArray input, NDArray output) {
        @Nullable LayerRunner runner = Current.RUNNER.get();
        if (input != output && (runner == null || !runner.keepsInputs())) {
            input.close();
        }
        return output;
    }

    /** Returns whether this thread's layers and their parts are run by a runner of somebody's choice. */
    static boolean isChosen() {
        return Current.RUNNER.get() != null;
    }

    /** Hears that what runs now keeps a matrix as large as a weight for its backward pass; does nothing by default. */
    default void weightIsKept() {}

    /** Tells this thread's runner. */
    static void tellWeightIsKept() {
        @Nullable LayerRunner runner = Current.RUNNER.get();
        if (runner != null) {
            runner.weightIsKept();
        }
    }

    /** Returns what {@code body} returns, while {@code runner} runs the layers on this thread. */
    static <T> T with(LayerRunner runner, Supplier<T> body) {
        @Nullable LayerRunner before = Current.RUNNER.get();
        Current.RUNNER.set(runner);
        try {
            return body.get();
        } finally {
            Current.RUNNER.set(before);
        }
    }

    /** The runner of each thread. */
    final class Current {
        private static final ThreadLocal<@Nullable LayerRunner> RUNNER = new ThreadLocal<>();

        private Current() {}
    }
}
