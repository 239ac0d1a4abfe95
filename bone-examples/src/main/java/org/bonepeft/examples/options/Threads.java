package org.bonepeft.examples.options;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Threads of PyTorch.
 *
 * @param number 0: what suits the model
 */
record Threads(int number) {
    private static final int SMALL = 256;

    /**
     * Returns how many a model gets, 0 for one for each core. Threads spin while they wait for each other: small
     * products gain little from a second one, and lose twentyfold where another program keeps the cores busy.
     */
    int of(int hiddenSize) {
        return number == 0 && hiddenSize <= SMALL ? 1 : number;
    }

    /** As the help has it. */
    @Override
    public String toString() {
        return number == 0 ? "1 for a hidden size up to 256, else one for each core" : Integer.toString(number);
    }

    /** Reads a number from the command line. */
    static final class Converter implements ITypeConverter<Threads> {
        @Override
        public Threads convert(String value) {
            if (!value.matches("[1-9]\\d{0,3}")) {
                throw new TypeConversionException("must be a number from 1 on, not " + value);
            }
            return new Threads(Integer.parseInt(value));
        }
    }
}
