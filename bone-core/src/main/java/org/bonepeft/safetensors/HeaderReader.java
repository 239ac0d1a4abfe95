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
import java.util.Set;
import java.util.stream.Collectors;
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

    /** The format's other element types, which nothing in bone could compute with. */
    private static final Set<String> UNSUPPORTED = Set.of(
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

    private static final Map<String, DType> SUPPORTED =
            Arrays.stream(DType.values()).collect(Collectors.toMap(DType::name, dtype -> dtype));

    private final JsonReader json;
    private String entry = "";
    private @Nullable String key;

    private HeaderReader(JsonReader json) {
        this.json = json;
    }

    /**
     * Reads and checks a header.
     *
     * @param dataSize the bytes that follow the header in the file
     */
    static Header read(byte[] header, long dataSize) {
        int end = header.length;
        while (end > 0 && header[end - 1] == ' ') {
            end--;
        }
        if (end == 0 || header[0] != '{' || header[end - 1] != '}') {
            throw new SafetensorsException("the header is not one JSON object, padded with spaces: it must begin with"
                    + " '{' and end with '}'; the file is damaged or no safetensors file");
        }
        try (JsonReader json = new JsonReader(
                new InputStreamReader(new ByteArrayInputStream(header, 0, end), StandardCharsets.UTF_8.newDecoder()))) {
            json.setStrictness(Strictness.STRICT);
            return new HeaderReader(json).header(dataSize);
        } catch (CharacterCodingException e) {
            throw new SafetensorsException("the header is not valid UTF-8", e);
        } catch (IOException e) {
            String reason = Names.printable(
                    String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
            throw new SafetensorsException("the header is not valid JSON: " + reason, e);
        }
    }

    private Header header(long dataSize) throws IOException {
        Map<String, String> metadata = null;
        Map<String, TensorInfo> tensors = new LinkedHashMap<>();
        json.beginObject();
        while (json.hasNext()) {
            String name = json.nextName();
            enter(name, null);
            checkWellFormed(name);
            if (name.equals(Header.METADATA)) {
                metadata = once(metadata, metadata());
            } else if (tensors.put(name, tensor(name)) != null) {
                enter(name, null);
                throw error(" occurs twice");
            }
        }
        json.endObject();
        if (json.peek() != JsonToken.END_DOCUMENT) {
            throw new SafetensorsException("the header has more than one JSON value");
        }
        sortByOffset(tensors, dataSize);
        return new Header(
                metadata == null ? Map.of() : Collections.unmodifiableMap(metadata),
                Collections.unmodifiableMap(tensors));
    }

    private Map<String, String> metadata() throws IOException {
        Map<String, String> metadata = new LinkedHashMap<>();
        expect(JsonToken.BEGIN_OBJECT);
        json.beginObject();
        while (json.hasNext()) {
            String key = json.nextName();
            enter(Header.METADATA, key);
            checkWellFormed(key);
            expect(JsonToken.STRING);
            String value = json.nextString();
            checkWellFormed(value);
            if (metadata.put(key, value) != null) {
                throw error(" occurs twice");
            }
        }
        json.endObject();
        enter(Header.METADATA, null);
        return metadata;
    }

    private TensorInfo tensor(String name) throws IOException {
        DType dtype = null;
        Shape shape = null;
        long[] offsets = null;
        expect(JsonToken.BEGIN_OBJECT);
        json.beginObject();
        while (json.hasNext()) {
            String key = json.nextName();
            enter(name, key);
            switch (key) {
                case "dtype" -> dtype = once(dtype, dtype());
                case "shape" -> shape = once(shape, Shape.of(integers(MAX_RANK)));
                case "data_offsets" -> offsets = once(offsets, integers(2));
                default -> throw error(" is not a key of the format; expected only dtype, shape and data_offsets");
            }
        }
        json.endObject();
        if (dtype == null || shape == null || offsets == null) {
            enter(name, null);
            throw error(" has no " + (dtype == null ? "dtype" : shape == null ? "shape" : "data_offsets"));
        }
        if (offsets.length != 2) {
            enter(name, "data_offsets");
            throw error(" has not two numbers but " + Arrays.toString(offsets));
        }
        return new TensorInfo(name, dtype, shape, offsets[0], offsets[1]);
    }

    private DType dtype() throws IOException {
        expect(JsonToken.STRING);
        String dtype = json.nextString();
        DType known = SUPPORTED.get(dtype);
        if (known == null) {
            throw error(" is " + Names.quoted(dtype)
                    + (UNSUPPORTED.contains(dtype)
                            ? ", which bone does not support; convert the tensor to one of "
                            : ", which the format does not know; expected one of ")
                    + Arrays.toString(DType.values()));
        }
        return known;
    }

    private long[] integers(int most) throws IOException {
        long[] values = new long[most];
        int count = 0;
        expect(JsonToken.BEGIN_ARRAY);
        json.beginArray();
        while (json.hasNext()) {
            if (count == most) {
                throw error(" has more than " + most + " numbers");
            }
            expect(JsonToken.NUMBER);
            values[count++] = integer(json.nextString());
        }
        json.endArray();
        return Arrays.copyOf(values, count);
    }

    private long integer(String literal) {
        try {
            if (literal.chars().allMatch(c -> c >= '0' && c <= '9')) {
                return Long.parseLong(literal);
            }
        } catch (NumberFormatException e) {
            // digits only, so it is too large: the message below fits
        }
        throw error(" holds " + Names.printable(literal) + "; expected an integer from 0 to " + Long.MAX_VALUE);
    }

    /** JSON can escape half a surrogate pair, which UTF-8 cannot hold. */
    private void checkWellFormed(String text) {
        if (!Names.isWellFormed(text)) {
            throw error(": the string " + Names.quoted(text) + " holds half a surrogate pair");
        }
    }

    private void expect(JsonToken expected) throws IOException {
        JsonToken actual = json.peek();
        if (actual != expected) {
            throw error(" is a JSON " + actual + "; expected " + expected);
        }
    }

    private <T> T once(@Nullable T before, T now) {
        if (before != null) {
            throw error(" occurs twice");
        }
        return now;
    }

    /** Notes what is being read, for an error. */
    private void enter(String newEntry, @Nullable String newKey) {
        entry = newEntry;
        key = newKey;
    }

    private SafetensorsException error(String what) {
        String place = entry.equals(Header.METADATA) ? entry : "tensor " + Names.quoted(entry);
        return new SafetensorsException(place + (key == null ? "" : ", " + Names.printable(key) + ",") + what);
    }

    private static void sortByOffset(Map<String, TensorInfo> tensors, long dataSize) {
        List<TensorInfo> sorted = new ArrayList<>(tensors.values());
        sorted.sort(Comparator.comparingLong(TensorInfo::begin).thenComparingLong(TensorInfo::end));
        tensors.clear();
        long end = 0;
        for (TensorInfo tensor : sorted) {
            if (tensor.begin() != end) {
                throw new SafetensorsException("tensor " + Names.quoted(tensor.name()) + " begins at " + tensor.begin()
                        + (tensor.begin() > end ? ", after a hole; " : ", inside another tensor; ") + "expected "
                        + end);
            }
            end = tensor.end();
            tensors.put(tensor.name(), tensor);
        }
        if (end != dataSize) {
            throw new SafetensorsException("the tensors take " + end + " bytes, but " + dataSize
                    + " follow the header; the file is " + (end > dataSize ? "cut short" : "too long"));
        }
    }
}
