package org.bonepeft.djl.train;

import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;

/**
 * Where and how a micro-batch goes through a model. All arrays made on this thread are closed when the pass is over.
 *
 * @param manager makes arrays on the model's device
 * @param store to be handed to the model
 * @param training whether dropout is active
 */
public record Pass(NDManager manager, ParameterStore store, boolean training) {}
