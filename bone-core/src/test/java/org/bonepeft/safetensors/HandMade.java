package org.bonepeft.safetensors;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;

/** Files put together byte by byte, so that they can be wrong in any way. */
final class HandMade {
    private HandMade() {}

    /** A file of the Python library with tensors of all types, described in {@link PythonFileTest}; also a fuzzer's seed. */
    static byte[] python() throws IOException {
        try (InputStream file =
                HandMade.class.getResourceAsStream("SafetensorsFuzzTestInputs/read/python.safetensors")) {
            return Objects.requireNonNull(file).readAllBytes();
        }
    }

    /** Returns a file of this header and so many bytes of data, 0, 1, 2, ... */
    static byte[] bytes(byte[] header, int dataSize) {
        ByteBuffer file = ByteBuffer.allocate(8 + header.length + dataSize).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(header.length).put(header);
        for (int i = 0; i < dataSize; i++) {
            file.put((byte) i);
        }
        return file.array();
    }

    static byte[] bytes(String header, int dataSize) {
        return bytes(header.getBytes(StandardCharsets.UTF_8), dataSize);
    }

    static SafetensorsFile open(Path directory, byte[] content) throws IOException {
        Path path = directory.resolve("hand-made.safetensors");
        // Over the file before, which nobody reads any more: thousands of new files would be slow.
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(content));
            channel.truncate(content.length);
        }
        return SafetensorsFile.open(path);
    }

    /** Opens a file and reads every byte in it. */
    static void readAll(Path directory, byte[] content) throws IOException {
        try (SafetensorsFile file = open(directory, content)) {
            for (TensorInfo tensor : file.tensors().values()) {
                ByteBuffer bytes = file.bytes(tensor.name());
                while (bytes.hasRemaining()) {
                    bytes.get();
                }
                if (tensor.dtype().isFloating()) {
                    file.doubles(tensor.name());
                } else {
                    file.longs(tensor.name());
                }
            }
        }
    }
}
