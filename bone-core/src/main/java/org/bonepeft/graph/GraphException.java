package org.bonepeft.graph;

import org.bonepeft.BoneException;

/** An operation whose operands do not fit together; thrown when a graph is built, never when it runs. */
public class GraphException extends BoneException {
    /** Creates an exception that names the operation and the shapes. */
    public GraphException(String message) {
        super(message);
    }
}
