package org.bonepeft.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
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
 * A folder of results that is there with all its files or not at all: they are written into a temporary sibling, which
 * {@link #commit} forces to disk and renames. Closed without that, or when the program is interrupted, the sibling is
 * deleted.
 */
public final class OutputFolder implements AutoCloseable {
    private final Path target;
    private final Path temporary;
    private final Thread onInterrupt = new Thread(this::deleteTemporary, "delete unfinished output");

    private OutputFolder(Path target, Path temporary) {
        this.target = target;
        this.temporary = temporary;
    }

    /**
     * Opens a folder for writing before any other work is done; missing parents are made.
     *
     * @throws BoneException if it cannot be written, or is there already and not empty
     */
    public static OutputFolder open(Path folder) {
        Path target = folder.toAbsolutePath().normalize();
        try {
            if (Files.exists(target) && !isEmptyFolder(target)) {
                throw new BoneException("output " + folder + " exists already; remove it or choose another --out");
            }
            Files.createDirectories(parent(target));
            Path temporary = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
            OutputFolder output = new OutputFolder(target, Files.createDirectory(temporary));
            Runtime.getRuntime().addShutdownHook(output.onInterrupt);
            return output;
        } catch (IOException e) {
            throw new BoneException(
                    "output " + folder + " cannot be written (" + reason(e) + "); choose another --out", e);
        }
    }

    private static String reason(IOException e) {
        if (e instanceof FileAlreadyExistsException file) {
            return file.getFile() + " is no folder";
        }
        return e instanceof AccessDeniedException denied ? "no permission: " + denied.getFile() : "" + e.getMessage();
    }

    /** Returns the temporary folder to write into. */
    public Path path() {
        return temporary;
    }

    /** Gives the folder its name; nothing may be written into it afterwards. */
    public void commit() throws IOException {
        commit(true);
    }

    /**
     * Gives the folder its name.
     *
     * @param force whether all its files are forced to disk before. Without that the folder is complete for every
     *     program, whatever becomes of this one, but not after a power failure within the next half minute or so
     */
    public void commit(boolean force) throws IOException {
        for (Path path : force ? walk(temporary) : List.<Path>of()) {
            force(path);
        }
        Files.deleteIfExists(target); // an empty folder
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        force(parent(target));
    }

    @Override
    public void close() {
        deleteTemporary();
        try {
            Runtime.getRuntime().removeShutdownHook(onInterrupt);
        } catch (IllegalStateException e) {
            // the program is being ended; the hook finds nothing left to do
        }
    }

    private void deleteTemporary() {
        try {
            for (Path path : Files.exists(temporary) ? walk(temporary) : List.<Path>of()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("unfinished output could not be deleted", e);
        }
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

    private static void force(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (AccessDeniedException e) {
            // Windows opens no folders and forces no file that is open for reading; there the rename alone must do.
        }
    }
}
