package org.bonepeft.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;

/** Changes to the values of arrays in place. */
final class Values {
    private Values() {}

    /**
     * Copies {@code values} into the memory of {@code target}. ({@code NDArray.copyTo} instead exchanges the memory, so
     * that views and the engine's own references keep the old values.)
     */
    static void overwrite(NDArray target, NDArray values) {
        boolean trained = target.hasGradient();
        if (trained) {
            target.setRequiresGradient(false);
        }
        target.set(new NDIndex("..."), values);
        if (trained) {
            target.setRequiresGradient(true);
        }
    }

    /** Returns whether all elements are finite. */
    static boolean areFinite(NDArray array) {
        try (NDArray magnitude = array.abs();
                NDArray largest = magnitude.max()) {
            return Double.isFinite(
                    largest.toType(ai.djl.ndarray.types.DataType.FLOAT64, false).getDouble());
        }
    }
}
