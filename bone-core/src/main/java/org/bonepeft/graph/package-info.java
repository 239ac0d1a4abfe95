/**
 * Tensor graphs as data: {@link org.bonepeft.graph.Tensor} is a symbolic value, {@link org.bonepeft.graph.Op} what makes
 * it, {@link org.bonepeft.graph.Graph} a function of named inputs. Whoever implements
 * {@link org.bonepeft.graph.Backend} can run a graph; cost, gradients and pictures are made from the same data.
 */
@NullMarked
package org.bonepeft.graph;

import org.jspecify.annotations.NullMarked;
