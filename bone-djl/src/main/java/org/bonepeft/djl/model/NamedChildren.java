package org.bonepeft.djl.model;

import ai.djl.nn.Block;
import java.util.Map;

/**
 * A block whose children have exact names and can be exchanged. The path of a layer is the chain of these names joined
 * by dots, for example {@code roberta.encoder.layer.0.attention.self.query}; a name may hold dots itself.
 */
public interface NamedChildren {
    /** Returns the children by name, in the order in which they were added. */
    Map<String, Block> namedChildren();

    /**
     * Puts {@code child} in the place of the child called {@code name}.
     *
     * @throws IllegalArgumentException if there is no such child
     */
    void replaceChild(String name, Block child);
}
