package org.bonepeft.djl;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bonepeft.adapter.AdapterException;

/**
 * Gradients of frozen weights, once: a parameter store hands out aliases of the weights that record gradients, so that the
 * weights themselves stay frozen and nothing is left behind when the aliases are closed.
 */
final class FirstGradients implements AutoCloseable {
    private final NDManager scratch;
    private final Map<String, NDArray> aliases = new LinkedHashMap<>();
    private final IdentityHashMap<Parameter, NDArray> byParameter = new IdentityHashMap<>();

    private FirstGradients(NDManager scratch) {
        this.scratch = scratch;
    }

    static FirstGradients of(Map<String, Linear> linears, List<String> paths) {
        FirstGradients gradients = new FirstGradients(
                weight(linears, paths.get(0)).getArray().getManager().newSubManager());
        for (String path : paths) {
            Parameter weight = weight(linears, path);
            NDArray alias = gradients.byParameter.computeIfAbsent(weight, parameter -> {
                NDArray detached = parameter.getArray().stopGradient();
                detached.attach(gradients.scratch);
                detached.setRequiresGradient(true);
                return detached;
            });
            gradients.aliases.put(path, alias);
        }
        return gradients;
    }

    private static Parameter weight(Map<String, Linear> linears, String path) {
        return Objects.requireNonNull(linears.get(path)).getDirectParameters().get("weight");
    }

    ParameterStore store() {
        return new ParameterStore(scratch, false) {
            @Override
            public NDArray getValue(Parameter parameter, Device device, boolean training) {
                NDArray alias = byParameter.get(parameter);
                return alias == null ? super.getValue(parameter, device, training) : alias;
            }
        };
    }

    Map<String, NDArray> collect() {
        Map<String, NDArray> gradients = new LinkedHashMap<>();
        aliases.forEach((path, alias) -> {
            // DJL returns zeros where backward never came.
            NDArray gradient = alias.getGradient();
            gradient.attach(scratch);
            if (Values.largest(gradient) == 0) {
                throw noGradient(path);
            }
            gradients.put(path, gradient);
        });
        return gradients;
    }

    private static AdapterException noGradient(String path) {
        return new AdapterException(
                path + " got no gradient from the first batch; run the loss backward on the model with"
                        + " the parameter store that is given");
    }

    @Override
    public void close() {
        scratch.close();
    }
}
