package org.bonepeft.examples.pretrain;

import ai.djl.Device;
import java.io.IOException;
import java.nio.file.Path;

/** Makes a mini model, and the data to fine-tune it on. */
interface Pretraining {
    /**
     * Trains and writes.
     *
     * @param model the folder for the model, which exists
     * @param data the folder for the data, which exists
     * @param device what the model trains on
     */
    void run(Path model, Path data, Device device) throws IOException;
}
