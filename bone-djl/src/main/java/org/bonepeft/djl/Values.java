package org.bonepeft.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import org.bonepeft.djl.torch.TorchEngine;
import org.bonepeft.djl.torch.TorchTypes;
import org.bonepeft.tensor.DType;

/** Values of arrays, of whatever type. */
final class Values {
    private Values() {}

    /**
     * Copies {@code values} into the memory of {@code target}. ({@code NDArray.copyTo} instead exchanges the memory, so
     * that views and the engine's own references keep the old values.)
     */
    static void overwrite(NDArray target, NDArray values) {
        if (isTorch(target)) {
            TorchTypes.copy(values, target);
            return;
        }
        boolean trained = target.hasGradient();
        if (trained) {
            target.setRequiresGradient(false);
        }
        target.set(new NDIndex("..."), values);
        if (trained) {
            target.setRequiresGradient(true);
        }
    }

    /** Returns the largest absolute value; NaN if there is one. */
    static double largest(NDArray array) {
        try (NDArray magnitude = array.abs();
                NDArray largest = magnitude.max()) {
            return number(largest);
        }
    }

    /** Returns the largest absolute difference of two arrays. */
    static double distance(NDArray a, NDArray b) {
        try (NDArray difference = a.sub(b)) {
            return largest(difference);
        }
    }

    private static double number(NDArray scalar) {
        return scalar.getDataType() == DataType.FLOAT64 ? scalar.getDouble() : floats(scalar)[0];
    }

    /** Returns the elements of an array of any floating type. */
    static float[] floats(NDArray array) {
        if (isTorch(array)) {
            return TorchTypes.floats(array);
        }
        try (NDArray narrow = array.toType(DataType.FLOAT32, true)) {
            return narrow.toFloatArray();
        }
    }

    /** Returns {@code count} elements from {@code from} on, row by row. */
    static float[] floats(NDArray array, long from, int count) {
        try (NDArray flat = array.reshape(-1);
                NDArray part = flat.get(new NDIndex("{}:{}", from, from + count))) {
            return floats(part);
        }
    }

    /** Returns the element type; bfloat16 is one that DJL itself has no name for. */
    static DType type(NDArray array) {
        return switch (array.getDataType()) {
            case FLOAT64 -> DType.F64;
            case FLOAT32 -> DType.F32;
            case FLOAT16 -> DType.F16;
            default -> TorchTypes.of(array);
        };
    }

    private static boolean isTorch(NDArray array) {
        return TorchEngine.serves(array.getManager());
    }
}
