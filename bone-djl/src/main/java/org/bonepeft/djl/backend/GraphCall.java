package org.bonepeft.djl.backend;

import ai.djl.ndarray.NDArray;
import java.util.Map;
import org.bonepeft.graph.Graph;

/**
 * A graph and the values of its inputs, those that are known.
 *
 * @param graph has one output
 * @param values by the names of the inputs
 */
public record GraphCall(Graph graph, Map<String, NDArray> values) {}
