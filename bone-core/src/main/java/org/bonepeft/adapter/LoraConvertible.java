package org.bonepeft.adapter;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bonepeft.graph.Graph;
import org.bonepeft.graph.Tensor;
import org.bonepeft.tensor.DType;

/**
 * A method whose {@code DeltaW = B A} is a LoRA of scale 1 with one factor of zeros and ones: column c of A is the unit
 * vector of c mod b. Nothing is lost in the conversion, not even a bit.
 */
public sealed interface LoraConvertible permits Bone, MissMini {
    /** The output of {@link #fromLora} that is zero if the LoRA is of this form. */
    String REST = "rest";

    /** Returns the block size. */
    int rank();

    /** Returns the LoRA that this method is. */
    default Lora toLora() {
        return new Lora(rank(), rank());
    }

    /** Returns the graph of {@code lora_A} and {@code lora_B} from {@code bone}. */
    default Graph toLora(LayerSpec layer) {
        AdapterMethod method = method();
        AdapterParameter parameter = method.parameters(layer).get(0);
        Tensor block = Tensor.input(parameter.name(), parameter.shape(), layer.parameterType());
        LoraStart.Matrices matrices = matrices(layer, block);
        return Graph.of(
                method.name() + ".toLora " + layer.describe(),
                List.of(block),
                new LinkedHashMap<>(Map.of(Lora.A, matrices.a(), Lora.B, matrices.b())));
    }

    /**
     * Returns the graph of {@code bone} from the {@code lora_A} and {@code lora_B} of any LoRA that happens to be of this
     * form, and of {@code rest}, the difference [out, in] of the two DeltaW, which says whether it is.
     *
     * @param lora the LoRA's rank and scale
     */
    default Graph fromLora(Lora lora, LayerSpec layer) {
        AdapterMethod method = method();
        DType type = layer.parameterType();
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        for (AdapterParameter parameter : lora.parameters(layer)) {
            inputs.put(parameter.name(), Tensor.input(parameter.name(), parameter.shape(), type));
        }
        Tensor a = Checks.parameter(inputs, Lora.A).scale(lora.scale());
        Tensor b = Checks.parameter(inputs, Lora.B);
        Tensor block = block(layer, a, b);
        String name = method.parameters(layer).get(0).name();
        Tensor delta = method.delta(layer, layer.weight(), Map.of(name, block));
        return Graph.of(
                method.name() + ".fromLora " + layer.describe(),
                List.copyOf(inputs.values()),
                new LinkedHashMap<>(Map.of(name, block, REST, b.matMul(a).sub(delta))));
    }

    /** Returns this as the method that it is. */
    AdapterMethod method();

    /** Returns A [r, in] and B [out, r]. */
    LoraStart.Matrices matrices(LayerSpec layer, Tensor block);

    /** Returns the parameter block whose DeltaW is b a, if there is one. */
    Tensor block(LayerSpec layer, Tensor a, Tensor b);
}
