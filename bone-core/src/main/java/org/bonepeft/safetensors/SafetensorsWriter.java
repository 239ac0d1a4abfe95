package org.bonepeft.safetensors;

import com.google.gson.stream.JsonWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.bonepeft.io.AtomicFile;
import org.bonepeft.tensor.DType;

/**
 * Writes safetensors files. The same tensors give the same bytes: tensors by element type, widest first, then by name;
 * metadata by key; the header padded with spaces to a multiple of 8, so that every element lies aligned. They are the
 * bytes that Hugging Face's own library writes, except that it puts several metadata in the order of a hash table.
 */
public final class SafetensorsWriter {
    /** Widest first; the order within a width is that of safetensors 0.8 (its enum Dtype, backwards). */
    private static final List<DType> BY_WIDTH = List.of(
            DType.I64,
            DType.F64,
            DType.F32,
            DType.I32,
            DType.BF16,
            DType.F16,
            DType.I16,
            DType.I8,
            DType.U8,
            DType.BOOL);

    private static final Comparator<String> BY_UTF8 =
            Comparator.comparing(name -> name.getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned);

    private SafetensorsWriter() {}

    /**
     * Writes or replaces a file, atomically: if this throws, the path has its old content.
     *
     * @throws SafetensorsException if two tensors have one name, a content does not have the size of its tensor, the
     *     header exceeds what the format allows, or the path is named like a file of another format
     * @throws IOException if the disk or a content fails
     */
    public static void write(Path path, List<TensorData> tensors, Map<String, String> metadata) throws IOException {
        ForeignFormats.refuse(path);
        AtomicFile.write(path, channel -> write(channel, tensors, metadata));
    }

    /** Writes the bytes of a file to a channel, as {@link #write(Path, List, Map)} writes them to a path. */
    public static void write(WritableByteChannel channel, List<TensorData> tensors, Map<String, String> metadata)
            throws IOException {
        List<TensorData> sorted = new ArrayList<>(tensors);
        sorted.sort(Comparator.comparingInt((TensorData tensor) -> BY_WIDTH.indexOf(tensor.dtype()))
                .thenComparing(TensorData::name, BY_UTF8));
        writeFully(channel, header(sorted, metadata));
        for (TensorData tensor : sorted) {
            CountedChannel counted = new CountedChannel(channel, tensor);
            tensor.content().writeTo(counted);
            counted.checkComplete();
        }
    }

    private static ByteBuffer header(List<TensorData> sorted, Map<String, String> metadata) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonWriter json = new JsonWriter(new OutputStreamWriter(bytes, StandardCharsets.UTF_8.newEncoder()))) {
            json.beginObject();
            if (!metadata.isEmpty()) {
                json.name(Header.METADATA).beginObject();
                Map<String, String> byKey = new TreeMap<>(BY_UTF8);
                byKey.putAll(metadata);
                for (Map.Entry<String, String> entry : byKey.entrySet()) {
                    json.name(entry.getKey()).value(entry.getValue());
                }
                json.endObject();
            }
            tensors(json, sorted);
            json.endObject();
        } catch (CharacterCodingException e) {
            throw new SafetensorsException(
                    "the metadata hold half a surrogate pair, which UTF-8 cannot: " + metadata, e);
        }
        int length = (bytes.size() + Long.BYTES - 1) / Long.BYTES * Long.BYTES;
        if (length > Header.MAX_BYTES) {
            throw new SafetensorsException("the header of " + sorted.size() + " tensors takes " + length
                    + " bytes; the format allows " + Header.MAX_BYTES);
        }
        ByteBuffer header = ByteBuffer.allocate(Long.BYTES + length).order(ByteOrder.LITTLE_ENDIAN);
        Arrays.fill(header.array(), (byte) ' ');
        return header.putLong(length).put(bytes.toByteArray()).rewind();
    }

    private static void tensors(JsonWriter json, List<TensorData> sorted) throws IOException {
        Set<String> names = new HashSet<>();
        long begin = 0;
        for (TensorData tensor : sorted) {
            if (!names.add(tensor.name())) {
                throw new SafetensorsException("two tensors are named " + Names.quoted(tensor.name()));
            }
            long end = Math.addExact(begin, tensor.byteSize());
            json.name(tensor.name()).beginObject();
            json.name("dtype").value(tensor.dtype().name());
            json.name("shape").beginArray();
            for (long dim : tensor.shape().toArray()) {
                json.value(dim);
            }
            json.endArray();
            json.name("data_offsets").beginArray().value(begin).value(end).endArray();
            json.endObject();
            begin = end;
        }
    }

    /** Writes in parts, because the JDK copies what it writes from the heap to native memory, all of it at once. */
    private static void writeFully(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            ByteBuffer part = bytes.slice(bytes.position(), Math.min(bytes.remaining(), 1 << 20));
            bytes.position(bytes.position() + channel.write(part));
        }
    }

    /** Lets a content write the bytes of its tensor and no more. */
    private static final class CountedChannel implements WritableByteChannel {
        private final WritableByteChannel out;
        private final TensorData tensor;
        private long written;

        CountedChannel(WritableByteChannel out, TensorData tensor) {
            this.out = out;
            this.tensor = tensor;
        }

        @Override
        public int write(ByteBuffer bytes) throws IOException {
            int count = bytes.remaining();
            written += count;
            if (written > tensor.byteSize()) {
                throw wrongSize("at least ");
            }
            writeFully(out, bytes);
            return count;
        }

        void checkComplete() {
            if (written != tensor.byteSize()) {
                throw wrongSize("");
            }
        }

        @Override
        public boolean isOpen() {
            return out.isOpen();
        }

        /** Does nothing: the file goes on after the tensor. */
        @Override
        public void close() {}

        private SafetensorsException wrongSize(String atLeast) {
            return new SafetensorsException("tensor " + Names.quoted(tensor.name()) + ", " + tensor.dtype() + " "
                    + tensor.shape() + ", takes " + tensor.byteSize() + " bytes, but its content wrote " + atLeast
                    + written);
        }
    }
}
