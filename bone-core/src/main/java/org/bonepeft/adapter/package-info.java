/**
 * Adapter methods as data: each {@link org.bonepeft.adapter.AdapterMethod} says which parameters a linear layer gets,
 * how they start, and, as graphs, what they do to the layer. {@link org.bonepeft.adapter.AdapterGraphs} builds the
 * graphs. Start reading at {@link org.bonepeft.adapter.Bone}.
 */
@NullMarked
package org.bonepeft.adapter;

import org.jspecify.annotations.NullMarked;
