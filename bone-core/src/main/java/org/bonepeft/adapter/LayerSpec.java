package org.bonepeft.adapter;

import java.util.List;
import org.bonepeft.graph.Tensor;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;

/**
 * A linear layer y = x W^T + bias, as an adapter needs to know it: W is (out, in), x is [tokens, in].
 *
 * @param path where the layer stands in its model, for example {@code model.layers.3.mlp.gate_proj}
 * @param in number of input features
 * @param out number of output features
 * @param bias whether the layer adds a bias
 * @param weightType element type of W, of the bias and of the large products
 * @param inputType element type of x and of y
 */
public record LayerSpec(String path, long in, long out, boolean bias, DType weightType, DType inputType) {
    /** Names of the inputs and of the output of a layer's graphs. */
    public static final String X = "x";

    /** The frozen weight. */
    public static final String WEIGHT = "weight";

    /** The frozen bias. */
    public static final String BIAS = "bias";

    /** The result of a forward graph. */
    public static final String Y = "y";

    /** Checks the sizes. */
    public LayerSpec {
        if (in < 1 || out < 1) {
            throw new AdapterException(
                    path + ": a linear layer needs at least one input and one output, not in " + in + ", out " + out);
        }
    }

    /** Creates a float32 layer. */
    public LayerSpec(String path, long in, long out, boolean bias) {
        this(path, in, out, bias, DType.F32, DType.F32);
    }

    Tensor x() {
        return Tensor.input(X, Shape.of(Shape.TOKENS, in), inputType);
    }

    Tensor weight() {
        return Tensor.input(WEIGHT, Shape.of(out, in), weightType);
    }

    List<Tensor> biasInput() {
        return bias ? List.of(Tensor.input(BIAS, Shape.of(out), weightType)) : List.of();
    }

    /** The element type of adapter parameters: float32, also on a half-precision base; float64 on a float64 base. */
    public DType parameterType() {
        return weightType == DType.F64 ? DType.F64 : DType.F32;
    }

    /** Returns the same layer in other types. */
    public LayerSpec withTypes(DType weight, DType input) {
        return new LayerSpec(path, in, out, bias, weight, input);
    }

    /** Returns {@code path (in 768, out 3072)}, as errors name a layer. */
    String describe() {
        return path + " (in " + in + ", out " + out + ")";
    }
}
