package org.bonepeft.adapter;

import java.util.Map;
import org.bonepeft.graph.Tensor;
import org.jspecify.annotations.Nullable;

/** Checks that methods share. */
final class Checks {
    private Checks() {}

    static void rank(String method, int rank) {
        if (rank < 1) {
            throw new AdapterException(method + ": the rank must be at least 1, not " + rank);
        }
    }

    static void dropout(String method, double rate) {
        if (!(rate >= 0 && rate < 1)) {
            throw new AdapterException(method + ": a dropout rate is at least 0 and less than 1, not " + rate);
        }
    }

    static Tensor parameter(Map<String, Tensor> parameters, String name) {
        @Nullable Tensor parameter = parameters.get(name);
        if (parameter == null) {
            throw new AdapterException("parameter " + name + " is missing, there are only " + parameters.keySet());
        }
        return parameter;
    }
}
