package org.bonepeft.adapter;

import org.bonepeft.BoneException;

/** An adapter that does not fit a layer or a model. */
public class AdapterException extends BoneException {
    /** Creates an exception with a message that names the layer. */
    public AdapterException(String message) {
        super(message);
    }
}
