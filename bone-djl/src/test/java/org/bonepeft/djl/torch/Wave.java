package org.bonepeft.djl.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/** Inputs that any language can write down: element i is sin(0.7 i + phase). */
final class Wave {
    private Wave() {}

    static NDArray of(NDManager manager, DataType type, double phase, long... shape) {
        int size = (int) new Shape(shape).size();
        double[] values = IntStream.range(0, size)
                .mapToDouble(i -> Math.sin(0.7 * i + phase))
                .toArray();
        return manager.create(values).reshape(new Shape(shape)).toType(type, true);
    }

    static double[] doubles(NDArray array) {
        return array.toType(DataType.FLOAT64, false).toDoubleArray();
    }

    /** Returns y and the gradients of sum(y wave) with respect to the inputs. */
    static List<double[]> run(Supplier<NDArray> function, NDArray... inputs) {
        return TorchAutograd.with(true, () -> {
            for (NDArray input : inputs) {
                input.setRequiresGradient(true);
                TorchAutograd.zero(input);
            }
            NDArray y = function.get();
            NDArray dy = of(y.getManager(), y.getDataType(), 3, y.getShape().getShape());
            TorchAutograd.backward(y, dy);
            List<NDArray> results = new ArrayList<>(List.of(y.stopGradient()));
            for (NDArray input : inputs) {
                results.add(TorchAutograd.gradient(input).orElseThrow());
            }
            return results.stream().map(Wave::doubles).toList();
        });
    }
}
