package org.bonepeft.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where the golden cases lie. The system property {@code bone.golden} names the folder, from the project root
 * ({@code bone.root}, by default the working directory) if it is relative; without it, it is
 * {@code src-test-data/golden} there. A part that a folder does not have gives an empty list.
 */
public record GoldenFolder(Path path) {
    /** Returns the folder that the system properties say. */
    public static GoldenFolder get() {
        Path root = Path.of(System.getProperty("bone.root", ""));
        return new GoldenFolder(root.resolve(System.getProperty("bone.golden", "src-test-data/golden")));
    }

    /** Returns {@code layers/*.safetensors}, to be read as {@link LayerCase}. */
    public List<Path> layers() throws IOException {
        return list("layers")
                .filter(file -> file.toString().endsWith(".safetensors"))
                .toList();
    }

    /** Returns the directories {@code adapters/*}. */
    public List<Path> adapters() throws IOException {
        return list("adapters").filter(Files::isDirectory).toList();
    }

    /** Returns the directories {@code models/*}. */
    public List<Path> models() throws IOException {
        return list("models").filter(Files::isDirectory).toList();
    }

    private Stream<Path> list(String part) throws IOException {
        Path folder = path.resolve(part);
        if (!Files.isDirectory(folder)) {
            return Stream.empty();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList().stream();
        }
    }
}
