package org.bonepeft.peft;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.bonepeft.io.AtomicFile;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.safetensors.SafetensorsWriter;
import org.bonepeft.safetensors.TensorData;

/**
 * The two files of an adapter, replaced together or not at all, beside whatever else is in their directory.
 *
 * <p>Two files cannot be renamed in one step, so new ones are first written under hidden names, the configuration last:
 * once that is there, the adapter is the new one, for every reader here, even if the writer dies before it has moved
 * the files to their proper names; the next writer then finishes that. Another program's reader may for a moment find
 * no configuration, and never finds one that does not belong to the weights. If the configuration stays as it is, the
 * weights alone are replaced, in one step for everybody.
 */
final class AdapterDirectory {
    private static final String CONFIG = "adapter_config.json";
    private static final String WEIGHTS = "adapter_model.safetensors";
    private static final String NEW_CONFIG = ".adapter_config.new.json";
    private static final String NEW_WEIGHTS = ".adapter_model.new.safetensors";
    private static final int ATTEMPTS = 100;
    private static final long PAUSE_NANOS = 200_000;

    private AdapterDirectory() {}

    /** What is read: both files, of one adapter. The caller closes the weights. */
    record Opened(PeftConfig config, SafetensorsFile weights, Path path) {}

    /** Writers in one JVM take turns. Two programs that save to one directory at a time are not provided for. */
    static synchronized void write(Path directory, String config, List<TensorData> tensors) throws IOException {
        Files.createDirectories(directory);
        for (String name : List.of(NEW_CONFIG, NEW_WEIGHTS, WEIGHTS)) {
            AtomicFile.sweep(directory.resolve(name));
        }
        finish(directory);
        Map<String, String> metadata = Map.of("format", "pt");
        byte[] text = config.getBytes(StandardCharsets.UTF_8);
        Path old = directory.resolve(CONFIG);
        if (Files.exists(old) && Arrays.equals(Files.readAllBytes(old), text)) {
            SafetensorsWriter.write(directory.resolve(WEIGHTS), tensors, metadata);
            return;
        }
        SafetensorsWriter.write(directory.resolve(NEW_WEIGHTS), tensors, metadata);
        AtomicFile.write(directory.resolve(NEW_CONFIG), text);
        finish(directory);
    }

    /** Moves new files to their places, if they are complete. */
    private static void finish(Path directory) throws IOException {
        if (!Files.exists(directory.resolve(NEW_CONFIG))) {
            Files.deleteIfExists(directory.resolve(NEW_WEIGHTS));
            return;
        }
        Files.deleteIfExists(directory.resolve(CONFIG));
        if (Files.exists(directory.resolve(NEW_WEIGHTS))) {
            AtomicFile.move(directory.resolve(NEW_WEIGHTS), directory.resolve(WEIGHTS));
        }
        AtomicFile.move(directory.resolve(NEW_CONFIG), directory.resolve(CONFIG));
    }

    /** Opens both files, again if a writer replaced them meanwhile. */
    static Opened open(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            throw new PeftException(directory + (Files.exists(directory) ? " is a file" : " does not exist")
                    + "; expected a directory with " + CONFIG + " and " + WEIGHTS
                    + " on this machine (bone fetches nothing)");
        }
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            List<Object> state = state(directory);
            try {
                Path config = newer(directory, NEW_CONFIG, CONFIG);
                boolean unfinished = config.endsWith(NEW_CONFIG);
                Path weights = unfinished ? newer(directory, NEW_WEIGHTS, WEIGHTS) : directory.resolve(WEIGHTS);
                PeftConfig read = PeftConfig.read(config);
                SafetensorsFile file = SafetensorsFile.open(weights);
                if (state(directory).equals(state)) {
                    return new Opened(read, file, weights);
                }
                file.close();
            } catch (NoSuchFileException e) {
                // Perhaps between two looks at a directory that is being written to; then not for long.
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
        throw missing(directory);
    }

    private static Path newer(Path directory, String unfinished, String name) {
        Path path = directory.resolve(unfinished);
        return Files.exists(path) ? path : directory.resolve(name);
    }

    /** Everything that changes when another configuration comes into force. */
    private static List<Object> state(Path directory) throws IOException {
        return List.of(identity(directory.resolve(NEW_CONFIG)), identity(directory.resolve(CONFIG)));
    }

    private static Object identity(Path file) throws IOException {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return List.of(String.valueOf(attributes.fileKey()), attributes.lastModifiedTime(), attributes.size());
        } catch (NoSuchFileException e) {
            return "none";
        }
    }

    private static PeftException missing(Path directory) throws IOException {
        try (DirectoryStream<Path> others = Files.newDirectoryStream(directory, "adapter_model.*")) {
            for (Path other : others) {
                if (!other.endsWith(WEIGHTS)) {
                    SafetensorsFile.open(other).close(); // refuses a pickle by its name, with advice
                }
            }
        }
        if (Files.exists(directory.resolve(CONFIG)) && Files.exists(directory.resolve(WEIGHTS))) {
            return new PeftException(directory + " was written to all the time while it was read; try again");
        }
        String lacking = Files.exists(directory.resolve(CONFIG)) ? WEIGHTS : CONFIG;
        return new PeftException(directory + " has no " + lacking + "; expected a directory as PEFT's save_pretrained"
                + " writes it, with " + CONFIG + " and " + WEIGHTS);
    }
}
