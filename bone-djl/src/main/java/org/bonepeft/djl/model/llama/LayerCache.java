package org.bonepeft.djl.model.llama;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The keys, turned to their positions, and the values of the tokens that one layer has seen: arrays [batch, key heads,
 * capacity, head size], of which the first {@link #tokens} are in use.
 */
final class LayerCache {
    private final NDManager manager;
    private final long capacity;
    private @Nullable NDArray keys;
    private @Nullable NDArray values;
    private long tokens;

    /**
     * Makes an empty cache.
     *
     * @param manager owns the arrays
     * @param capacity how many tokens there may be
     */
    LayerCache(NDManager manager, long capacity) {
        this.manager = manager;
        this.capacity = capacity;
    }

    long capacity() {
        return capacity;
    }

    long tokens() {
        return tokens;
    }

    /** Returns the array of keys; {@code room} makes it when it is first needed. */
    NDArray keys(Supplier<NDArray> room) {
        keys = keys == null ? owned(room.get()) : keys;
        return keys;
    }

    /** Returns the array of values; {@code room} makes it when it is first needed. */
    NDArray values(Supplier<NDArray> room) {
        values = values == null ? owned(room.get()) : values;
        return values;
    }

    /** Counts tokens that were written behind the others. */
    void added(long count) {
        tokens += count;
    }

    /** Goes on with some of the rows, by their indices. */
    void keep(NDArray rows) {
        keys = keys == null ? null : picked(keys, rows);
        values = values == null ? null : picked(values, rows);
    }

    private NDArray picked(NDArray all, NDArray rows) {
        try (all) {
            return owned(all.get(rows));
        }
    }

    private NDArray owned(NDArray array) {
        NDScope.unregister(array);
        array.attach(manager);
        return array;
    }
}
