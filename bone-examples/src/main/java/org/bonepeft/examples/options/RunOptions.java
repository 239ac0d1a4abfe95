package org.bonepeft.examples.options;

import picocli.CommandLine.Option;

/** Where PyTorch runs, and how it draws. */
public final class RunOptions extends DeviceOptions {
    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "default: ${DEFAULT-VALUE}")
    private long seed;

    /** Returns the seed. */
    public long seed() {
        return seed;
    }
}
