package org.bonepeft.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every rule of the format, broken once. */
class HostileHeaderTest {
    private static final String A = "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]";

    @TempDir
    Path directory;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                // the JSON as a whole
                "0|[]|must begin with '{' and end with '}'",
                "0| ` {}`|must begin with '{'",
                "0|`{}\n`|must begin with '{' and end with '}'",
                "0|``|must begin with '{'",
                "0|   `  `|must begin with '{'",
                "0|{} {}|not valid JSON",
                "0|{}}|not valid JSON",
                "0|{\"a\"}|not valid JSON",
                "0|{\"a\":}|not valid JSON",
                "8|{\"a\":{@}|not valid JSON",
                "0|{'a':{}}|not valid JSON",
                "0|{a:{}}|not valid JSON",
                "8|{\"a\":{@},}|not valid JSON",
                "0|{/**/}|not valid JSON",
                "0|{\"\\x\":{}}|not valid JSON",
                "0|`{\"a\nb\":{}}`|not valid JSON",
                "0|{\"\\ud800\":{}}|half a surrogate pair",
                // metadata
                "0|{\"__metadata__\":null}|__metadata__ is a JSON NULL; expected BEGIN_OBJECT",
                "0|{\"__metadata__\":[]}|__metadata__ is a JSON BEGIN_ARRAY; expected BEGIN_OBJECT",
                "0|{\"__metadata__\":{\"k\":1}}|__metadata__, k, is a JSON NUMBER; expected STRING",
                "0|{\"__metadata__\":{\"k\":null}}|__metadata__, k, is a JSON NULL; expected STRING",
                "0|{\"__metadata__\":{\"k\":{}}}|__metadata__, k, is a JSON BEGIN_OBJECT; expected STRING",
                "0|{\"__metadata__\":{\"k\":\"1\",\"k\":\"1\"}}|__metadata__, k, occurs twice",
                "0|{\"__metadata__\":{\"k\":\"\\udc00\"}}|half a surrogate pair",
                "0|{\"__metadata__\":{},\"__metadata__\":{}}|__metadata__ occurs twice",
                // a tensor's entry
                "8|{\"a\":[]}|tensor 'a' is a JSON BEGIN_ARRAY; expected BEGIN_OBJECT",
                "8|{\"a\":{}}|tensor 'a' has no dtype",
                "8|{\"a\":{\"dtype\":\"F32\"}}|tensor 'a' has no shape",
                "8|{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}|tensor 'a' has no data_offsets",
                "8|{\"a\":{@,\"x\":0}}|tensor 'a', x, is not a key of the format",
                "8|{\"a\":{@,\"dtype\":\"F32\"}}|tensor 'a', dtype, occurs twice",
                "8|{\"a\":{@,\"shape\":[2]}}|tensor 'a', shape, occurs twice",
                "8|{\"a\":{@,\"data_offsets\":[0,8]}}|tensor 'a', data_offsets, occurs twice",
                "8|{\"a\":{@},\"a\":{@}}|tensor 'a' occurs twice",
                "8|{\"a\":{@},\"\\u0061\":{@}}|tensor 'a' occurs twice",
                // element types
                "8|{\"a\":{\"dtype\":1}}|tensor 'a', dtype, is a JSON NUMBER; expected STRING",
                "8|{\"a\":{\"dtype\":\"f32\"}}|tensor 'a', dtype, is 'f32', which the format does not know",
                "8|{\"a\":{\"dtype\":\"F8_E4M3\"}}|tensor 'a', dtype, is 'F8_E4M3', which bone does not support",
                "8|{\"a\":{\"dtype\":\"U32\"}}|tensor 'a', dtype, is 'U32', which bone does not support",
                // shapes
                "8|{\"a\":{\"shape\":2}}|tensor 'a', shape, is a JSON NUMBER; expected BEGIN_ARRAY",
                "8|{\"a\":{\"shape\":[\"2\"]}}|tensor 'a', shape, is a JSON STRING; expected NUMBER",
                "8|{\"a\":{\"shape\":[[2]]}}|tensor 'a', shape, is a JSON BEGIN_ARRAY; expected NUMBER",
                "8|{\"a\":{\"shape\":[-1]}}|tensor 'a', shape, holds -1; expected an integer from 0",
                "8|{\"a\":{\"shape\":[-0]}}|tensor 'a', shape, holds -0; expected",
                "8|{\"a\":{\"shape\":[2.0]}}|tensor 'a', shape, holds 2.0; expected",
                "8|{\"a\":{\"shape\":[2e0]}}|tensor 'a', shape, holds 2e0; expected",
                "8|{\"a\":{\"shape\":[02]}}|not valid JSON",
                "8|{\"a\":{\"shape\":[NaN]}}|not valid JSON",
                "8|{\"a\":{\"shape\":[9223372036854775808]}}|holds 9223372036854775808; expected an integer from 0 to",
                "8|{\"a\":{\"dtype\":\"I8\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}|more bytes than a file",
                "8|{\"a\":{\"dtype\":\"F64\",\"shape\":[2305843009213693952],\"data_offsets\":[0,0]}}|more bytes than a file",
                // offsets
                "8|{\"a\":{\"dtype\":\"I8\",\"shape\":[8],\"data_offsets\":[8]}}|data_offsets, has not two numbers but [8]",
                "8|{\"a\":{\"dtype\":\"I8\",\"shape\":[8],\"data_offsets\":[0,4,8]}}|data_offsets, has more than 2 numbers",
                "8|{\"a\":{\"dtype\":\"I8\",\"shape\":[8],\"data_offsets\":[8,0]}}|data_offsets [8, 0], but I8 [8] takes 8",
                "8|{\"a\":{\"dtype\":\"I8\",\"shape\":[8],\"data_offsets\":[0,7]}}|data_offsets [0, 7], but I8 [8] takes 8",
                "8|{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,8]}}|F32 [] takes 4 bytes",
                "9|{\"a\":{\"dtype\":\"I8\",\"shape\":[8],\"data_offsets\":[1,9]}}|'a' begins at 1, after a hole; expected 0",
                "9|{\"a\":{@}}|take 8 bytes, but 9 follow the header; the file is too long",
                "7|{\"a\":{@}}|take 8 bytes, but 7 follow the header; the file is cut short",
                "0|{\"a\":{@}}|take 8 bytes, but 0 follow the header; the file is cut short",
                "1|{}|take 0 bytes, but 1 follow the header; the file is too long",
                "8|{\"a\":{@},\"b\":{@}}|'b' begins at 0, inside another tensor; expected 8",
                "8|{\"a\":{@},\"b\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[4,8]}}|'b' begins at 4, inside another",
                "20|{\"a\":{@},\"b\":{\"dtype\":\"I8\",\"shape\":[8],\"data_offsets\":[12,20]}}|'b' begins at 12, after a hole",
                "20|{\"a\":{@},\"b\":{\"dtype\":\"I8\",\"shape\":[0],\"data_offsets\":[9,9]}}|'b' begins at 9, after a hole",
            })
    void brokenRule_isRefusedByName(int dataSize, String header, String message) {
        byte[] content = HandMade.bytes(header == null ? "" : header.replace("@", A), dataSize);
        assertThatThrownBy(() -> HandMade.open(directory, content))
                .isInstanceOf(SafetensorsException.class)
                .hasMessageContaining("hand-made.safetensors: ")
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @ValueSource(longs = {Long.MIN_VALUE, -1, Long.MAX_VALUE, 100_000_001})
    void headerLengthBeyondTheFormat_isRefused(long length) {
        byte[] content = ByteBuffer.allocate(64)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(length)
                .array();
        assertThatThrownBy(() -> HandMade.open(directory, content))
                .isInstanceOf(SafetensorsException.class)
                .hasMessageContaining("the header length is " + Long.toUnsignedString(length))
                .hasMessageContaining("the format allows 100000000");
    }

    @ParameterizedTest
    @ValueSource(longs = {57, 100_000_000})
    void headerLengthBeyondTheFile_isRefused(long length) {
        byte[] content = ByteBuffer.allocate(64)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(length)
                .array();
        assertThatThrownBy(() -> HandMade.open(directory, content))
                .isInstanceOf(SafetensorsException.class)
                .hasMessageContaining("the header length is " + length + " bytes, but only 56 follow");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7})
    void fewerThanEightBytes_isRefused(int size) {
        assertThatThrownBy(() -> HandMade.open(directory, new byte[size]))
                .isInstanceOf(SafetensorsException.class)
                .hasMessageContaining(size + " bytes are too few");
    }

    @Test
    void invalidUtf8_isRefused() {
        byte[][] wrong = {
            {(byte) 0xff}, {(byte) 0xc3, 'x'}, {(byte) 0xc0, (byte) 0x80}, {(byte) 0xed, (byte) 0xa0, (byte) 0x80}
        };
        for (byte[] bytes : wrong) {
            byte[] header = ("{\"" + "?".repeat(bytes.length) + "\":{" + A + "}}").getBytes(StandardCharsets.UTF_8);
            System.arraycopy(bytes, 0, header, 2, bytes.length);
            assertThatThrownBy(() -> HandMade.open(directory, HandMade.bytes(header, 8)))
                    .isInstanceOf(SafetensorsException.class)
                    .hasMessageContaining("not valid UTF-8");
        }
    }

    @Test
    void deepNesting_isRefusedWithoutRecursion() {
        for (String header : new String[] {
            "{\"a\":" + "[".repeat(1_000_000) + "]".repeat(1_000_000) + "}",
            "{\"a\":{\"shape\":" + "[".repeat(1_000_000) + "]".repeat(1_000_000) + "}}",
            "{\"a\":".repeat(1_000_000) + "0" + "}".repeat(1_000_000)
        }) {
            assertThatThrownBy(() -> HandMade.open(directory, HandMade.bytes(header, 0)))
                    .isInstanceOf(SafetensorsException.class);
        }
    }

    @Test
    void moreDimensionsThanAnyoneHas_isRefused() {
        String header = "{\"a\":{\"shape\":[" + "1,".repeat(64) + "1]}}";
        assertThatThrownBy(() -> HandMade.open(directory, HandMade.bytes(header, 0)))
                .isInstanceOf(SafetensorsException.class)
                .hasMessageContaining("tensor 'a', shape, has more than 64 numbers");
    }

    @Test
    void hugeOrUnprintableName_makesAShortPrintableMessage() {
        String header = "{\"\\u001b[31m\\u202e" + "x".repeat(10_000_000) + "\":{}}";
        assertThatThrownBy(() -> HandMade.open(directory, HandMade.bytes(header, 0)))
                .isInstanceOf(SafetensorsException.class)
                .hasMessageContaining("tensor '\\u001b[31m\\u202exxx")
                .message()
                .hasSizeLessThan(1000);
        String number = "{\"a\":{\"shape\":[" + "9".repeat(10_000_000) + "]}}";
        assertThatThrownBy(() -> HandMade.open(directory, HandMade.bytes(number, 0)))
                .isInstanceOf(SafetensorsException.class)
                .message()
                .hasSizeLessThan(1000);
    }

    @Test
    void nameThatLooksLikeAPath_isAName() throws IOException {
        String header = "{\"../../etc/passwd\":{" + A + "}}";
        try (SafetensorsFile file = HandMade.open(directory, HandMade.bytes(header, 8))) {
            assertThat(file.tensors()).containsOnlyKeys("../../etc/passwd");
            assertThat(file.bytes("../../etc/passwd").remaining()).isEqualTo(8);
        }
    }

    @Test
    void whatTheFormatAllows_isRead() throws IOException {
        String header = "{ \"b\" : {\"data_offsets\":[0,0],\"shape\":[0,9223372036854775807],\"dtype\":\"F64\"},"
                + "\"\":{\"dtype\":\"BOOL\",\"shape\":[],\"data_offsets\":[8,9]},\n\t\"a\":{" + A + "}}     ";
        try (SafetensorsFile file = HandMade.open(directory, HandMade.bytes(header, 9))) {
            assertThat(file.tensors().keySet()).containsExactly("b", "a", "");
            assertThat(file.metadata()).isEmpty();
        }
        HandMade.open(directory, HandMade.bytes("{}", 0)).close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"pytorch_model.bin", "adapter.pt", "a.PTH", "x.npz", "x.pkl", "x.ckpt", "x.gguf"})
    void fileOfAnotherFormat_isRefusedByNameAndNeverOpened(String name) {
        assertThatThrownBy(() -> SafetensorsFile.open(directory.resolve(name)))
                .isInstanceOf(SafetensorsException.class)
                .hasMessageContaining(name)
                .hasMessageContaining("safetensors.torch.save_file");
    }

    @Test
    void whatIsNoFile_isRefused() throws IOException {
        assertThatThrownBy(() -> SafetensorsFile.open(directory))
                .isInstanceOf(SafetensorsException.class)
                .hasMessageContaining("ShardedSafetensors.open");
        assertThatThrownBy(() -> SafetensorsFile.open(directory.resolve("none.safetensors")))
                .isInstanceOf(NoSuchFileException.class);
        Path pointer = Files.writeString(
                directory.resolve("lfs.safetensors"), "version https://git-lfs.github.com/spec/v1\noid sha256:00\n");
        assertThatThrownBy(() -> SafetensorsFile.open(pointer))
                .isInstanceOf(SafetensorsException.class)
                .hasMessageContaining("git lfs pull");
    }
}
