package org.bonepeft.peft;

import org.bonepeft.tensor.Shape;

/**
 * A float32 tensor, row by row. The array is not copied; treat it as constant. Two of them are compared by their
 * contents, never by equals.
 *
 * @param shape closed
 */
@SuppressWarnings("ArrayRecordComponent")
public record AdapterTensor(Shape shape, float[] values) {
    /** Checks the length. */
    public AdapterTensor {
        if (values.length != shape.size()) {
            throw new PeftException(values.length + " values for the shape " + shape);
        }
    }
}
