package org.bonepeft.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Writes a file so that its path always leads to the old content or to all of the new, whatever happens between: into
 * a temporary sibling, which is forced to disk and renamed; then the directory is forced too.
 *
 * <p>The temporary is locked while it is written. One that nobody locks was left by a program that died; the next write
 * to the same path deletes it.
 */
public final class AtomicFile {
    private static final String UUID_TMP = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\\.tmp";

    /**
     * The temporaries that this JVM is writing. They must not even be opened elsewhere in it: closing any channel of a
     * file drops all locks that the process has on it.
     */
    private static final Set<String> OURS = ConcurrentHashMap.newKeySet();

    private AtomicFile() {}

    /** Writes the content of a file to a channel. */
    @FunctionalInterface
    public interface Content {
        /** Writes everything and leaves the channel open. */
        void writeTo(FileChannel channel) throws IOException;
    }

    /** Writes or replaces a file as {@link #write(Path, Content)}. */
    public static void write(Path path, byte[] content) throws IOException {
        write(path, channel -> {
            for (ByteBuffer bytes = ByteBuffer.wrap(content); bytes.hasRemaining(); ) {
                channel.write(bytes);
            }
        });
    }

    /**
     * Writes or replaces a file. A symbolic link is replaced, not followed. If the content, the disk or the rename
     * fails, the path has its old content and the temporary is gone.
     */
    public static void write(Path path, Content content) throws IOException {
        sweep(path);
        Path directory = path.toAbsolutePath().resolveSibling("");
        String name = prefix(path) + UUID.randomUUID() + ".tmp";
        Path temporary = directory.resolve(name);
        OURS.add(name);
        try {
            try (FileChannel channel =
                    FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                lock(channel);
                content.writeTo(channel);
                channel.force(true);
            }
            move(temporary, path.toAbsolutePath());
        } catch (Throwable e) {
            try {
                Files.deleteIfExists(temporary);
            } catch (IOException left) {
                e.addSuppressed(left);
            }
            throw e;
        } finally {
            OURS.remove(name);
        }
    }

    /** Renames a file within its directory, replacing what had the new name, in one step that is on disk afterwards. */
    public static void move(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        force(to.toAbsolutePath().resolveSibling(""));
    }

    private static String prefix(Path path) {
        return "." + path.getFileName() + ".";
    }

    /** Deletes what programs that died while they wrote to a path have left; {@link #write} does so too. */
    public static void sweep(Path path) throws IOException {
        Path directory = path.toAbsolutePath().resolveSibling("");
        String prefix = prefix(path);
        DirectoryStream.Filter<Path> temporaries = file -> {
            String name = String.valueOf(file.getFileName());
            return name.startsWith(prefix) && name.substring(prefix.length()).matches(UUID_TMP) && !OURS.contains(name);
        };
        try (DirectoryStream<Path> found = Files.newDirectoryStream(directory, temporaries)) {
            for (Path file : found) {
                if (isAbandoned(file)) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    /** An empty file may be one that another program has just made and not locked yet. */
    private static boolean isAbandoned(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
                FileLock lock = channel.tryLock()) {
            return lock != null && channel.size() > 0;
        } catch (OverlappingFileLockException | IOException e) {
            return false; // gone, not ours to write, or on a file system without locks: not known to be abandoned
        }
    }

    @SuppressWarnings("EmptyCatch")
    private static void lock(FileChannel channel) {
        try {
            channel.tryLock();
        } catch (IOException e) {
            // A file system without locks (some network ones): nobody can sweep there, writing works all the same.
        }
    }

    @SuppressWarnings("EmptyCatch")
    private static void force(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (AccessDeniedException e) {
            // Windows does not open directories.
        }
    }
}
