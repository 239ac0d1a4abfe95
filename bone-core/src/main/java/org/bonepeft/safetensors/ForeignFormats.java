package org.bonepeft.safetensors;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/** Weight files of other formats, known by name. Pickles are programs, so nothing of them is ever read. */
final class ForeignFormats {
    private static final String PICKLE = "a Python pickle, which can run any code when it is loaded";
    private static final Map<String, String> BY_ENDING = Map.ofEntries(
            Map.entry(".bin", PICKLE),
            Map.entry(".pt", PICKLE),
            Map.entry(".pth", PICKLE),
            Map.entry(".ckpt", PICKLE),
            Map.entry(".pkl", PICKLE),
            Map.entry(".pickle", PICKLE),
            Map.entry(".npz", "a NumPy archive"),
            Map.entry(".npy", "a NumPy array"),
            Map.entry(".h5", "an HDF5 file"),
            Map.entry(".msgpack", "a Flax checkpoint"),
            Map.entry(".gguf", "a GGUF file"));

    private ForeignFormats() {}

    /** Refuses a path with the name of another format. */
    static void refuse(Path path) {
        String name = String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT);
        int dot = name.lastIndexOf('.');
        String format = dot < 0 ? null : BY_ENDING.get(name.substring(dot));
        if (format != null) {
            throw new SafetensorsException(path + " is by its name " + format + "; bone reads safetensors only."
                    + " Convert it once, in Python, with safetensors.torch.save_file(tensors, \"model.safetensors\")");
        }
    }
}
