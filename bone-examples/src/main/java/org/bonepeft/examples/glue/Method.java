package org.bonepeft.examples.glue;

import java.util.ArrayList;
import java.util.List;
import org.bonepeft.adapter.AdapterMethods;
import picocli.CommandLine;

/**
 * What of a model is trained, beside the classification head, which always is.
 *
 * @param name on the command line: {@code head-only}, {@code full}, or an adapter's of {@link AdapterMethods}
 */
record Method(String name) {
    /** The head alone. */
    static final Method HEAD_ONLY = new Method("head-only");

    /** Every parameter. */
    static final Method FULL = new Method("full");

    /** Bone on the targets. */
    static final Method BONE = new Method("bone");

    private static final double ADAPTER_RATE = 2e-3;
    private static final double FULL_RATE = 3e-4;

    /** Returns all names. */
    static List<String> names() {
        List<String> names = new ArrayList<>(List.of(HEAD_ONLY.name, FULL.name));
        names.addAll(AdapterMethods.names());
        return names;
    }

    boolean isAdapter() {
        return !equals(HEAD_ONLY) && !equals(FULL);
    }

    /** Returns the peak learning rate that did well on the bundled model. */
    double learningRate() {
        return equals(FULL) ? FULL_RATE : ADAPTER_RATE;
    }

    /** Returns the name. */
    @Override
    public String toString() {
        return name;
    }

    /** Reads a name from the command line. */
    static final class Converter implements CommandLine.ITypeConverter<Method> {
        @Override
        public Method convert(String value) {
            if (!names().contains(value)) {
                throw new CommandLine.TypeConversionException(
                        "'" + value + "' is none of " + String.join(", ", names()));
            }
            return new Method(value);
        }
    }
}
