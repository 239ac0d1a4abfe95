package org.bonepeft.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.bonepeft.adapter.AdapterException;
import org.bonepeft.adapter.AdapterMethod;
import org.jspecify.annotations.Nullable;

/**
 * An adapter on one layer.
 *
 * @param method what it does
 * @param parameters its trainable parameters, by their names in the method
 * @param residual what the frozen weight becomes for this adapter, if its start takes part of it over (PiSSA, OLoRA,
 *     LoRA-GA); the base weight itself stays
 */
public record LayerAdapter(AdapterMethod method, Map<String, Parameter> parameters, Optional<Residual> residual) {
    /** Copies the map. */
    public LayerAdapter {
        parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
    }

    /**
     * A frozen weight of an adapter's own, W - s B A with the first A and B.
     *
     * @param weight (out, in)
     * @param start the parameters as they started, by name
     */
    public record Residual(NDArray weight, Map<String, NDArray> start) {}

    void close() {
        parameters.values().forEach(Parameter::close);
        residual.ifPresent(own -> {
            own.weight().close();
            own.start().values().forEach(NDArray::close);
        });
    }

    /**
     * Overwrites the values of a parameter in place, outside autograd; what optimizers know of it stays.
     *
     * @throws AdapterException if there is no such parameter or the shape differs
     */
    public void assign(String name, NDArray values) {
        Values.overwrite(checked(name, values).getArray(), values);
    }

    private Parameter checked(String name, NDArray values) {
        @Nullable Parameter parameter = parameters.get(name);
        if (parameter == null) {
            throw new AdapterException(method.name() + " has no parameter " + name + ", only " + parameters.keySet());
        }
        if (!parameter.getArray().getShape().equals(values.getShape())) {
            throw new AdapterException(
                    name + " is " + parameter.getArray().getShape() + ", was given " + values.getShape());
        }
        return parameter;
    }

    /** Checks that there are values for all parameters and no others, of their shapes. */
    void check(String path, Map<String, NDArray> values) {
        if (!values.keySet().equals(parameters.keySet())) {
            throw new AdapterException(path + ": " + method.name() + " has the parameters " + parameters.keySet()
                    + ", was given " + values.keySet());
        }
        values.forEach(this::checked);
    }
}
