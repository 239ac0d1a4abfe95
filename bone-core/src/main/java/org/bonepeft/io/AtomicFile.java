package org.bonepeft.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * Writes a file so that its path always leads to the old content or to all of the new, whatever happens between: into
 * a temporary sibling, which is forced to disk and renamed, then the directory is forced too.
 *
 * <p>The temporary is locked while it is written. One that nobody locks was left by a program that died; the next write
 * to the same path deletes it.
 */
public final class AtomicFile {
    private static final String TEMPORARY = ".tmp";

    private AtomicFile() {}

    /** Writes the content of a file to a channel. */
    @FunctionalInterface
    public interface Content {
        /** Writes everything; the caller closes the channel. */
        void writeTo(FileChannel channel) throws IOException;
    }

    /**
     * Writes or replaces a file. A symbolic link is replaced, not followed. If this throws, the path has its old
     * content and the temporary is gone.
     */
    public static void write(Path path, Content content) throws IOException {
        Path target = path.toAbsolutePath();
        Path directory = target.resolveSibling("");
        String prefix = "." + target.getFileName() + ".";
        sweep(directory, prefix);
        Path temporary = directory.resolve(prefix + UUID.randomUUID() + TEMPORARY);
        try {
            try (FileChannel channel =
                    FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                channel.lock();
                content.writeTo(channel);
                channel.force(true);
            }
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (Throwable e) {
            Files.deleteIfExists(temporary);
            throw e;
        }
        force(directory);
    }

    private static void sweep(Path directory, String prefix) throws IOException {
        DirectoryStream.Filter<Path> temporaries = file -> {
            String name = String.valueOf(file.getFileName());
            return name.startsWith(prefix) && name.endsWith(TEMPORARY);
        };
        try (DirectoryStream<Path> found = Files.newDirectoryStream(directory, temporaries)) {
            for (Path file : found) {
                if (isAbandoned(file)) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    private static boolean isAbandoned(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
                FileLock lock = channel.tryLock()) {
            return lock != null;
        } catch (OverlappingFileLockException | NoSuchFileException e) {
            return false;
        }
    }

    private static void force(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (AccessDeniedException e) {
            // Windows opens no directories; there the rename itself is durable.
        }
    }
}
