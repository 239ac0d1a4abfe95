package org.bonepeft.djl.model;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import org.jspecify.annotations.Nullable;

/**
 * A {@link SequentialBlock} each of whose children is a layer in the sense of {@link LayerRunner}: what it computes is
 * the same, but its activations can be computed again instead of kept.
 */
public final class LayerSequence extends AbstractBlock {
    private final SequentialBlock layers;

    /** Wraps a block, which stays as it is. */
    public LayerSequence(SequentialBlock layers) {
        super((byte) 1);
        this.layers = addChildBlock("layers", layers);
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store, NDList inputs, boolean training, @Nullable PairList<String, Object> params) {
        NDList states = inputs;
        for (Block layer : layers.getChildren().values()) {
            states = LayerRunner.forward(layer, store, states, training, null);
        }
        return states;
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        layers.initialize(manager, dataType, inputShapes);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
        return layers.getOutputShapes(inputs);
    }
}
