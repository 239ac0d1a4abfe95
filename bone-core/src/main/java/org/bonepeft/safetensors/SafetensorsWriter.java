package org.bonepeft.safetensors;

import com.google.gson.stream.JsonWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bonepeft.io.AtomicFile;
import org.bonepeft.tensor.DType;

/**
 * Writes safetensors files. The same tensors give the same bytes, and those of Hugging Face's own library: tensors by
 * element type, widest first, then by name; metadata by key; the header padded with spaces to a multiple of 8, so that
 * every element lies aligned.
 */
public final class SafetensorsWriter {
    /** The order of safetensors 0.8 (its Dtype enum, backwards): by width, then as it happens to be there. */
    private static final List<DType> TYPES = List.of(
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
     * @throws SafetensorsException if two tensors have one name, a content does not have the size of its tensor, or the
     *     header exceeds what the format allows
     * @throws IOException if the disk or a content fails
     */
    public static void write(Path path, List<TensorData> tensors, Map<String, String> metadata) throws IOException {
        ForeignFormats.refuse(path);
        List<TensorData> sorted = new ArrayList<>(tensors);
        sorted.sort(Comparator.comparingInt((TensorData tensor) -> TYPES.indexOf(tensor.dtype()))
                .thenComparing(TensorData::name, BY_UTF8));
        ByteBuffer header = header(sorted, metadata);
        AtomicFile.write(path, channel -> {
            writeFully(channel, header);
            for (TensorData tensor : sorted) {
                CountedChannel counted = new CountedChannel(channel, tensor);
                tensor.content().writeTo(counted);
                counted.close();
            }
        });
    }

    private static ByteBuffer header(List<TensorData> sorted, Map<String, String> metadata) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (Writer text = new OutputStreamWriter(bytes, StandardCharsets.UTF_8.newEncoder());
                JsonWriter json = new JsonWriter(text)) {
            json.beginObject();
            if (!metadata.isEmpty()) {
                json.name(Header.METADATA).beginObject();
                for (Map.Entry<String, String> entry : new TreeMap<>(metadata).entrySet()) {
                    json.name(entry.getKey()).value(entry.getValue());
                }
                json.endObject();
            }
            long begin = 0;
            for (int i = 0; i < sorted.size(); i++) {
                TensorData tensor = sorted.get(i);
                if (i > 0 && sorted.get(i - 1).name().equals(tensor.name())) {
                    throw new SafetensorsException("two tensors are named '" + tensor.name() + "'");
                }
                long end = Math.addExact(begin, tensor.byteSize());
                entry(json, tensor, begin, end);
                begin = end;
            }
            json.endObject();
        } catch (CharacterCodingException e) {
            throw new SafetensorsException("a name or the metadata holds half a surrogate pair", e);
        }
        int length = (bytes.size() + 7) / 8 * 8;
        if (length > Header.MAX_BYTES) {
            throw new SafetensorsException("the header of " + sorted.size() + " tensors takes " + length
                    + " bytes; the format allows " + Header.MAX_BYTES);
        }
        ByteBuffer header = ByteBuffer.allocate(Long.BYTES + length).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(length).put(bytes.toByteArray());
        while (header.hasRemaining()) {
            header.put((byte) ' ');
        }
        return header.flip();
    }

    private static void entry(JsonWriter json, TensorData tensor, long begin, long end) throws IOException {
        json.name(tensor.name()).beginObject();
        json.name("dtype").value(tensor.dtype().name());
        json.name("shape").beginArray();
        for (long dim : tensor.shape().toArray()) {
            json.value(dim);
        }
        json.endArray();
        json.name("data_offsets").beginArray().value(begin).value(end).endArray();
        json.endObject();
    }

    private static int writeFully(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
        int count = bytes.remaining();
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        return count;
    }

    /** Lets a content write the bytes of its tensor, not more, and on closing not fewer. */
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
            written += bytes.remaining();
            if (written > tensor.byteSize()) {
                throw wrongSize("at least ");
            }
            return writeFully(out, bytes);
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {
            if (written != tensor.byteSize()) {
                throw wrongSize("");
            }
        }

        private SafetensorsException wrongSize(String atLeast) {
            return new SafetensorsException("tensor '" + tensor.name() + "' is " + tensor.dtype() + " " + tensor.shape()
                    + ", " + tensor.byteSize() + " bytes, but its content wrote " + atLeast + written);
        }
    }
}
