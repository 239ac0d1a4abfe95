package org.bonepeft.examples.options;

import java.util.Locale;
import org.bonepeft.tensor.DType;
import picocli.CommandLine.Option;

/** The element type of frozen weights. */
public final class WeightOptions {
    private enum Name {
        FLOAT32(DType.F32),
        BFLOAT16(DType.BF16);

        private final DType type;

        Name(DType type) {
            this.type = type;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(
            names = "--dtype",
            paramLabel = "T",
            description = "float32 or bfloat16, of the frozen weights (default: ${DEFAULT-VALUE})")
    private Name dtype;

    private WeightOptions(Name otherwise) {
        dtype = otherwise;
    }

    /** Creates options with float32, if nothing else is asked for. */
    public static WeightOptions float32() {
        return new WeightOptions(Name.FLOAT32);
    }

    /** Creates options with bfloat16, if nothing else is asked for. */
    public static WeightOptions bfloat16() {
        return new WeightOptions(Name.BFLOAT16);
    }

    /** Returns the type. */
    public DType type() {
        return dtype.type;
    }

    /** Returns the type's name on the command line. */
    public String name() {
        return dtype.toString();
    }
}
