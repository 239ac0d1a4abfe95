package org.bonepeft.peft;

import org.bonepeft.safetensors.TensorInfo;
import org.bonepeft.safetensors.TensorSource;
import org.bonepeft.tensor.Shape;

/**
 * A tensor of a base model, to be held against the copy that PEFT may have put beside an adapter.
 *
 * @param elements reads some of them
 */
public record BaseWeight(Shape shape, Elements elements) {
    /** Elements of a tensor, row by row. */
    public interface Elements {
        /** Returns {@code count} elements from {@code from} on, as float32. */
        float[] read(long from, int count);
    }

    /** Returns a tensor of a file. */
    public static BaseWeight of(TensorSource source, TensorInfo info) {
        return new BaseWeight(info.shape(), (from, count) -> source.floats(info.name(), from, count));
    }
}
