package org.bonepeft.examples;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.bonepeft.BoneException;

/**
 * A folder of results that is there with all its files or not at all: they are written into a temporary sibling, forced
 * to disk, and the sibling is renamed.
 */
public final class OutputFolder {
    private final Path target;

    private OutputFolder(Path target) {
        this.target = target;
    }

    /** Writes files into a folder. */
    @FunctionalInterface
    public interface Content {
        /** Writes everything. */
        void writeTo(Path folder) throws IOException;
    }

    /**
     * Makes sure, before any work is done, that the folder can be written; missing parents are made.
     *
     * @throws BoneException if it cannot be, or holds something already
     */
    public static OutputFolder prepare(Path folder) {
        Path target = folder.toAbsolutePath().normalize();
        try {
            if (Files.exists(target) && !isEmptyFolder(target)) {
                throw new BoneException("output " + folder + " exists already; remove it or choose another --out");
            }
            Files.createDirectories(parent(target));
            Files.delete(Files.createDirectory(temporary(target)));
        } catch (IOException e) {
            throw new BoneException(
                    "output " + folder + " cannot be written (" + e.getClass().getSimpleName() + " " + e.getMessage()
                            + "); choose another --out",
                    e);
        }
        return new OutputFolder(target);
    }

    /** Writes the folder; if this throws, there is none. */
    public void write(Content content) throws IOException {
        Path temporary = temporary(target);
        try {
            Files.createDirectory(temporary);
            content.writeTo(temporary);
            for (Path path : walk(temporary)) {
                force(path);
            }
            Files.deleteIfExists(target); // an empty folder
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (Throwable e) {
            delete(temporary);
            throw e;
        }
        force(parent(target));
    }

    private static Path temporary(Path target) {
        return target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
    }

    private static Path parent(Path target) throws IOException {
        Path parent = target.getParent();
        if (parent == null) {
            throw new IOException("it has no parent");
        }
        return parent;
    }

    private static boolean isEmptyFolder(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            return false;
        }
        try (Stream<Path> entries = Files.list(path)) {
            return entries.findAny().isEmpty();
        }
    }

    private static List<Path> walk(Path folder) throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            return paths.sorted(Comparator.reverseOrder()).toList();
        }
    }

    private static void delete(Path folder) throws IOException {
        if (Files.exists(folder)) {
            for (Path path : walk(folder)) {
                Files.delete(path);
            }
        }
    }

    private static void force(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (AccessDeniedException e) {
            // Windows opens no folders and forces no file that is open for reading; there the rename alone must do.
        }
    }
}
