package org.bonepeft.safetensors;

import java.nio.file.Path;
import org.bonepeft.BoneException;

/** A file that breaks a rule of the safetensors format, or a request that its tensors cannot answer. */
public class SafetensorsException extends BoneException {
    /** Creates an exception with a message for the user. */
    public SafetensorsException(String message) {
        super(message);
    }

    /** Creates an exception with a message for the user and what caused it. */
    public SafetensorsException(String message, Throwable cause) {
        super(message, cause);
    }

    /** Returns this exception with the path in front of its message. */
    SafetensorsException in(Path path) {
        return new SafetensorsException(path + ": " + getMessage(), this);
    }
}
