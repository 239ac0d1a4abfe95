package org.bonepeft.safetensors;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One safetensors file, memory-mapped: 8 bytes header length, a JSON header, then the bytes of all tensors. The whole
 * header is checked when the file is opened; afterwards the file itself is closed and only its mappings are held. Format:
 * <a href="https://github.com/huggingface/safetensors#format">huggingface/safetensors</a>.
 */
public final class SafetensorsFile implements TensorSource {
    /** The first bytes of a Git LFS pointer, {@code "version "}, read as a header length. */
    private static final long LFS_POINTER = 0x206e6f6973726576L;

    private final Path path;
    private final Header header;
    private volatile @Nullable Mappings mappings;

    private SafetensorsFile(Path path, Header header, Mappings mappings) {
        this.path = path;
        this.header = header;
        this.mappings = mappings;
    }

    /**
     * Opens and checks a file.
     *
     * @throws SafetensorsException if the file breaks a rule of the format, or is named like a pickle
     * @throws IOException if the file cannot be read
     */
    public static SafetensorsFile open(Path path) throws IOException {
        return open(path, Integer.MAX_VALUE);
    }

    /**
     * Opens and checks a file whose buffers may be written to: a page that is written becomes this process's own, and the
     * file stays as it is.
     *
     * @throws SafetensorsException as {@link #open}
     * @throws IOException if the file cannot be read, or (the system asks for it) may not be written
     */
    public static SafetensorsFile openCopyOnWrite(Path path) throws IOException {
        return open(path, MapMode.PRIVATE, Integer.MAX_VALUE);
    }

    /** Opens a file with smaller mappings, for tests. */
    static SafetensorsFile open(Path path, int mappingLimit) throws IOException {
        return open(path, MapMode.READ_ONLY, mappingLimit);
    }

    private static SafetensorsFile open(Path path, MapMode mode, int mappingLimit) throws IOException {
        ForeignFormats.refuse(path);
        try {
            return openSafetensors(path, mode, mappingLimit);
        } catch (SafetensorsException e) {
            throw e.in(path);
        }
    }

    private static SafetensorsFile openSafetensors(Path path, MapMode mode, int mappingLimit) throws IOException {
        BasicFileAttributes kind = Files.readAttributes(path, BasicFileAttributes.class);
        if (!kind.isRegularFile()) {
            throw new SafetensorsException(
                    kind.isDirectory()
                            ? "this is a directory; ShardedSafetensors.open reads those"
                            : "this is not a regular file");
        }
        Set<StandardOpenOption> access = mode == MapMode.READ_ONLY
                ? EnumSet.of(StandardOpenOption.READ)
                : EnumSet.of(StandardOpenOption.READ, StandardOpenOption.WRITE);
        try (FileChannel channel = FileChannel.open(path, access)) {
            long fileSize = channel.size();
            if (fileSize < Long.BYTES) {
                throw new SafetensorsException(fileSize + " bytes are too few for a safetensors file");
            }
            long length = read(channel, 0, Long.BYTES).getLong();
            if (length == LFS_POINTER) {
                throw new SafetensorsException(
                        "this is a Git LFS pointer, not the file itself; fetch it: git lfs pull");
            }
            if (length < 0 || length > Header.MAX_BYTES) {
                throw new SafetensorsException("the header length is " + Long.toUnsignedString(length)
                        + " bytes, the format allows " + Header.MAX_BYTES
                        + "; the file is damaged or no safetensors file");
            }
            long dataBegin = Long.BYTES + length;
            if (dataBegin > fileSize) {
                throw new SafetensorsException("the header length is " + length + " bytes, but only "
                        + (fileSize - Long.BYTES) + " follow; the file is cut short");
            }
            byte[] bytes = read(channel, Long.BYTES, (int) length).array();
            Header header = HeaderReader.read(bytes, fileSize - dataBegin);
            return new SafetensorsFile(
                    path,
                    header,
                    new Mappings(channel, dataBegin, header.tensors().values(), mode, mappingLimit));
        }
    }

    /** Reads in parts, because the JDK keeps a native buffer as large as the largest read of each thread. */
    private static ByteBuffer read(FileChannel channel, long position, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.position() < length) {
            buffer.limit(Math.min(length, buffer.position() + (1 << 20)));
            if (channel.read(buffer, position + buffer.position()) < 0) {
                throw new EOFException("the file was cut while it was read");
            }
        }
        return buffer.flip();
    }

    @Override
    public Map<String, String> metadata() {
        return header.metadata();
    }

    @Override
    public Map<String, TensorInfo> tensors() {
        return header.tensors();
    }

    @Override
    public TensorInfo tensor(String name) {
        try {
            return TensorSource.super.tensor(name);
        } catch (SafetensorsException e) {
            throw e.in(path);
        }
    }

    @Override
    public ByteBuffer bytes(String name, long offset, int length) {
        Mappings held = mappings;
        if (held == null) {
            throw new IllegalStateException(path + " is closed");
        }
        return held.bytes(tensor(name), offset, length);
    }

    @Override
    public void close() {
        mappings = null;
    }

    @Override
    public String toString() {
        return path + ": " + header.tensors().size() + " tensors";
    }
}
