package org.bonepeft.peft;

import org.bonepeft.BoneException;

/** An adapter directory that is not as Hugging Face PEFT writes them, or that says something unknown. */
public class PeftException extends BoneException {
    /** Creates an exception with a message that names the file and the key. */
    public PeftException(String message) {
        super(message);
    }

    /** Creates an exception with a message that names the file and the key, and what caused it. */
    public PeftException(String message, Throwable cause) {
        super(message, cause);
    }
}
