package org.bonepeft.merge;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.safetensors.ShardedSafetensors;
import org.bonepeft.safetensors.TensorSource;

/** Tensors that a user points at: a file, an adapter directory or a model directory. */
final class TensorFiles {
    static final String ADAPTER = "adapter_model.safetensors";
    static final String ADAPTER_CONFIG = "adapter_config.json";
    static final String MODEL_CONFIG = "config.json";

    private TensorFiles() {}

    static boolean isAdapter(Path path) {
        return Files.exists(path.resolve(ADAPTER)) || Files.exists(path.resolve(ADAPTER_CONFIG));
    }

    static TensorSource open(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            return SafetensorsFile.open(path);
        }
        return isAdapter(path) ? SafetensorsFile.open(path.resolve(ADAPTER)) : ShardedSafetensors.open(path);
    }
}
