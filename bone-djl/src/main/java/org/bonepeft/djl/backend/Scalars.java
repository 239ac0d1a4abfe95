package org.bonepeft.djl.backend;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;

/** Multiplication by a number, for forward passes that gradients go through. */
public final class Scalars {
    private Scalars() {}

    /**
     * {@code factor x}, element by element.
     *
     * <p>{@code x.mul(Number)} must not stand in a forward pass: DJL keeps the number in a Java buffer that it lets go at
     * once, while autograd remembers the address for the backward pass. After a garbage collection between the two the
     * gradient of x is multiplied by whatever lies there. The factor made here is the engine's own copy.
     */
    public static NDArray times(NDArray x, double factor) {
        NDManager manager = x.getManager();
        try (NDArray alias =
                        x.getDataType() == DataType.FLOAT64 ? manager.create(factor) : manager.create((float) factor);
                NDArray number = alias.duplicate()) {
            return x.mul(number);
        }
    }
}
