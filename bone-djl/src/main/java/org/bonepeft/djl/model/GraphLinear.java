package org.bonepeft.djl.model;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import java.util.Optional;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.djl.backend.GraphCall;
import org.bonepeft.tensor.DType;

/** A linear layer that can say what it computes, so that the layer of the model around it can be one native call. */
public interface GraphLinear {
    /**
     * Returns what {@code forward} would compute now for x [tokens, in], without x, which is the graph's input {@link
     * LayerSpec#X}; empty if that is no single graph.
     */
    Optional<GraphCall> graphCall(ParameterStore store, Rows x, boolean training);

    /**
     * What is known of x [tokens, in] beforehand.
     *
     * @param type x's element type
     * @param device where x lies
     * @param owner the manager of what is made on the way
     */
    record Rows(long tokens, DType type, Device device, NDManager owner) {}
}
