package org.bonepeft.peft;

import java.util.function.Consumer;
import org.bonepeft.safetensors.TensorData;
import org.bonepeft.safetensors.TensorSource;
import org.bonepeft.tensor.DType;
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

    /** Reads a tensor, and reports the first element that is not finite. */
    static AdapterTensor read(TensorSource source, String key, Consumer<String> report) {
        AdapterTensor tensor = new AdapterTensor(source.tensor(key).shape(), source.floats(key));
        tensor.checkFinite(key, report);
        return tensor;
    }

    private void checkFinite(String key, Consumer<String> report) {
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                report.accept("'" + key + "' holds " + values[i] + " at element " + i);
                return;
            }
        }
    }

    /** Returns this tensor, F32, for a file. */
    TensorData named(String key) {
        checkFinite(key, problem -> {
            throw new PeftException(problem + "; an adapter that is not finite is not written");
        });
        return TensorData.floats(key, DType.F32, shape, values);
    }
}
