package org.bonepeft.examples.report;

import java.io.PrintStream;
import java.util.Locale;

/** What a run says: to its user line by line, and all of it once more for a file. */
public final class Transcript {
    private final PrintStream out;
    private final StringBuilder text = new StringBuilder();

    /** Creates a transcript that says everything on {@code out}. */
    public Transcript(PrintStream out) {
        this.out = out;
    }

    /** Says a line. */
    public void say(String pattern, Object... arguments) {
        String line = String.format(Locale.ROOT, pattern, arguments);
        out.println(line);
        text.append(line).append('\n');
    }

    /** Returns all that was said. */
    @Override
    public String toString() {
        return text.toString();
    }
}
