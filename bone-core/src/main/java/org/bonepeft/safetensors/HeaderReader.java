package org.bonepeft.safetensors;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * Reads a header: {@code {"__metadata__": {..}, name: {"dtype": .., "shape": [..], "data_offsets": [begin, end]}, ..}}.
 * Every departure from that is an error which names the key.
 */
final class HeaderReader {
    /** PyTorch and NumPy stop at 64 dimensions; the format sets no limit. */
    private static final int MAX_RANK = 64;

    /** The format's other element types; no Java code here could read them. */
    private static final List<String> UNSUPPORTED = List.of(
            "F8_E4M3",
            "F8_E5M2",
            "F8_E8M0",
            "F8_E4M3FNUZ",
            "F8_E5M2FNUZ",
            "F6_E2M3",
            "F6_E3M2",
            "F4",
            "U16",
            "U32",
            "U64",
            "C64");

    private final JsonReader json;
    private final String file;

    private HeaderReader(JsonReader json, String file) {
        this.json = json;
        this.file = file;
    }

    /**
     * Reads and checks a header.
     *
     * @param dataSize the bytes that follow the header in the file
     */
    static Header read(String file, byte[] header, long dataSize) {
        int end = header.length;
        while (end > 0 && header[end - 1] == ' ') {
            end--;
        }
        if (end == 0 || header[0] != '{' || header[end - 1] != '}') {
            throw new SafetensorsException(file + ": the header is not a JSON object padded with spaces: it must begin"
                    + " with '{' and end with '}'; the file is damaged or no safetensors file");
        }
        try (JsonReader json = new JsonReader(
                new InputStreamReader(new ByteArrayInputStream(header, 0, end), StandardCharsets.UTF_8.newDecoder()))) {
            json.setStrictness(Strictness.STRICT);
            return new HeaderReader(json, file).header(dataSize);
        } catch (CharacterCodingException e) {
            throw new SafetensorsException(file + ": the header is not valid UTF-8", e);
        } catch (IOException e) {
            throw new SafetensorsException(file + ": the header is not valid JSON: " + e.getMessage(), e);
        }
    }

    private Header header(long dataSize) throws IOException {
        Map<String, String> metadata = null;
        Map<String, TensorInfo> byName = new LinkedHashMap<>();
        json.beginObject();
        while (json.hasNext()) {
            String name = name();
            if (name.equals(Header.METADATA)) {
                if (metadata != null) {
                    throw error("'" + name + "' occurs twice");
                }
                metadata = metadata();
            } else if (byName.put(name, tensor(name)) != null) {
                throw error("tensor '" + name + "' occurs twice");
            }
        }
        json.endObject();
        expect(JsonToken.END_DOCUMENT, "the header");
        Map<String, TensorInfo> tensors = inFileOrder(byName, dataSize);
        return new Header(metadata == null ? Map.of() : Collections.unmodifiableMap(metadata), tensors);
    }

    private Map<String, String> metadata() throws IOException {
        Map<String, String> metadata = new LinkedHashMap<>();
        expect(JsonToken.BEGIN_OBJECT, "'__metadata__'");
        json.beginObject();
        while (json.hasNext()) {
            String key = name();
            expect(JsonToken.STRING, "the value of '" + key + "' in '__metadata__'");
            if (metadata.put(key, wellFormed(json.nextString())) != null) {
                throw error("'" + key + "' occurs twice in '__metadata__'");
            }
        }
        json.endObject();
        return metadata;
    }

    private TensorInfo tensor(String name) throws IOException {
        String where = "tensor '" + name + "'";
        DType dtype = null;
        long[] shape = null;
        long[] offsets = null;
        expect(JsonToken.BEGIN_OBJECT, where);
        json.beginObject();
        while (json.hasNext()) {
            String key = name();
            String what = "'" + key + "' of " + where;
            switch (key) {
                case "dtype" -> dtype = once(dtype, dtype(what), what);
                case "shape" -> shape = once(shape, integers(what, MAX_RANK), what);
                case "data_offsets" -> offsets = once(offsets, integers(what, 2), what);
                default ->
                    throw error(where + " has the unknown key '" + key + "'; expected dtype, shape, data_offsets");
            }
        }
        json.endObject();
        if (dtype == null || shape == null || offsets == null || offsets.length != 2) {
            throw error(where + " lacks "
                    + (dtype == null ? "'dtype'" : shape == null ? "'shape'" : "two numbers in 'data_offsets'"));
        }
        TensorInfo info = new TensorInfo(name, dtype, Shape.of(shape), offsets[0], offsets[1]);
        long bytes = byteSize(dtype, shape, where);
        if (info.begin() > info.end() || info.byteSize() != bytes) {
            throw error(where + " has the data_offsets " + Arrays.toString(offsets) + "; " + dtype + " " + info.shape()
                    + " takes " + bytes + " bytes");
        }
        return info;
    }

    private <T> T once(@Nullable T before, T now, String what) {
        if (before != null) {
            throw error(what + " occurs twice");
        }
        return now;
    }

    private long byteSize(DType dtype, long[] shape, String where) {
        try {
            long bytes = dtype.bytes();
            for (long dim : shape) {
                bytes = Math.multiplyExact(bytes, dim);
            }
            return bytes;
        } catch (ArithmeticException e) {
            throw error(where + " has the shape " + Arrays.toString(shape) + ", more bytes than a file can have");
        }
    }

    private DType dtype(String what) throws IOException {
        expect(JsonToken.STRING, what);
        String name = json.nextString();
        for (DType dtype : DType.values()) {
            if (dtype.name().equals(name)) {
                return dtype;
            }
        }
        throw error(what + " is '" + name + "', "
                + (UNSUPPORTED.contains(name)
                        ? "a type of the format that bone cannot read; convert the tensor to one of "
                        : "which is no type of the format; expected one of ")
                + Arrays.toString(DType.values()));
    }

    private long[] integers(String what, int most) throws IOException {
        long[] values = new long[most];
        int count = 0;
        expect(JsonToken.BEGIN_ARRAY, what);
        json.beginArray();
        while (json.hasNext()) {
            if (count == most) {
                throw error(what + " has more than " + most + " numbers");
            }
            expect(JsonToken.NUMBER, what);
            values[count++] = integer(json.nextString(), what);
        }
        json.endArray();
        return Arrays.copyOf(values, count);
    }

    private long integer(String literal, String what) {
        try {
            if (literal.chars().allMatch(c -> c >= '0' && c <= '9')) {
                return Long.parseLong(literal);
            }
        } catch (NumberFormatException e) {
            throw error(what + " holds " + literal + ", more than a file can have");
        }
        throw error(what + " holds " + literal + "; expected an integer from 0 on");
    }

    private String name() throws IOException {
        expect(JsonToken.NAME, "the header");
        return wellFormed(json.nextName());
    }

    /** JSON can escape half a surrogate pair, which no UTF-8 file could hold; it would not survive a round trip. */
    private String wellFormed(String text) {
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
            throw error("a string holds half a surrogate pair, written as an escape");
        }
        return text;
    }

    private void expect(JsonToken expected, String what) throws IOException {
        JsonToken actual = json.peek();
        if (actual != expected) {
            throw error(what + " is " + actual + "; expected " + expected);
        }
    }

    private Map<String, TensorInfo> inFileOrder(Map<String, TensorInfo> byName, long dataSize) {
        List<TensorInfo> sorted = new ArrayList<>(byName.values());
        sorted.sort(Comparator.comparingLong(TensorInfo::begin).thenComparingLong(TensorInfo::end));
        byName.clear();
        long end = 0;
        for (TensorInfo info : sorted) {
            if (info.begin() != end) {
                throw error("tensor '" + info.name() + "' begins at byte " + info.begin() + " of the data, but "
                        + (info.begin() > end ? "a hole begins at " : "the tensor before it ends at ") + end);
            }
            end = info.end();
            byName.put(info.name(), info);
        }
        if (end != dataSize) {
            throw error("the tensors take " + end + " bytes, but " + dataSize + " follow the header; the file is "
                    + (end > dataSize ? "cut short" : "too long"));
        }
        return Collections.unmodifiableMap(byName);
    }

    private SafetensorsException error(String message) {
        return new SafetensorsException(file + ": " + message);
    }
}
