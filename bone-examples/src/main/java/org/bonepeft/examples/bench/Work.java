package org.bonepeft.examples.bench;

/** One case, ready to run. */
interface Work extends AutoCloseable {
    /** Returns how many tokens a step handles. */
    long tokens();

    /** Runs one step; when it returns, its work is done, on the device too. */
    void step();

    /** Returns a value that every correct program reproduces. */
    double check();

    /** Returns the number of elements that are trained. */
    long trainable();

    @Override
    void close();
}
