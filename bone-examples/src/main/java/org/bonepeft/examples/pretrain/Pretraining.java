package org.bonepeft.examples.pretrain;

import java.io.IOException;
import java.nio.file.Path;

/** Makes a mini model, and the data to fine-tune it on. */
interface Pretraining {
    /**
     * Trains and writes.
     *
     * @param model the folder for the model, which exists
     * @param data the folder for the data, which exists
     */
    void run(Path model, Path data) throws IOException;
}
