package org.bonepeft.peft;

import java.util.List;
import java.util.stream.Collectors;
import org.bonepeft.BoneException;

/** An adapter directory that is not as Hugging Face PEFT writes them, or that says something unknown. */
public class PeftException extends BoneException {
    private static final int SHOWN = 5;

    /** Creates an exception with a message that names the file and the key. */
    public PeftException(String message) {
        super(message);
    }

    /** Creates an exception with a message that names the file and the key, and what caused it. */
    public PeftException(String message, Throwable cause) {
        super(message, cause);
    }

    /** Returns an exception that tells a few of several problems, in one line. */
    public static PeftException of(String where, List<String> problems) {
        String shown = problems.stream().limit(SHOWN).collect(Collectors.joining("; "));
        int more = problems.size() - SHOWN;
        return new PeftException(where + ": " + shown + (more > 0 ? "; and " + more + " more" : ""));
    }
}
