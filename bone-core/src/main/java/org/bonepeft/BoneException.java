package org.bonepeft;

/**
 * Input that does not fit: a file, a configuration, a shape. The message says what was given, what was expected and
 * what to do, in one or two lines, so that a program can show it to its user as it is.
 */
public class BoneException extends RuntimeException {
    /** Creates an exception with a message for the user. */
    public BoneException(String message) {
        super(message);
    }

    /** Creates an exception with a message for the user and what caused it. */
    public BoneException(String message, Throwable cause) {
        super(message, cause);
    }
}
