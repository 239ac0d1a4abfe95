package org.bonepeft.json;

import org.bonepeft.BoneException;

/** Text that is not strict JSON, or a value that JSON cannot say. */
public class JsonException extends BoneException {
    /** Creates an exception with a message for the user. */
    public JsonException(String message) {
        super(message);
    }

    /** Creates an exception with a message for the user and what caused it. */
    public JsonException(String message, Throwable cause) {
        super(message, cause);
    }
}
