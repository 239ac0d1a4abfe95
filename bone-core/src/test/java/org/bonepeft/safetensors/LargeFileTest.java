package org.bonepeft.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LargeFileTest {
    private static final long GIB = 1L << 30;

    @TempDir
    Path directory;

    @Test
    void millionTensors_areReadAndMissesNamed() throws IOException {
        StringBuilder header = new StringBuilder("{");
        for (int i = 0; i < 1_000_000; i++) {
            header.append(i == 0 ? "" : ",")
                    .append("\"t" + i + "\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[" + i + "," + (i + 1)
                            + "]}");
        }
        byte[] content = HandMade.bytes(header.append('}').toString(), 1_000_000);
        try (SafetensorsFile file = HandMade.open(directory, content)) {
            assertThat(file.tensors()).hasSize(1_000_000);
            assertThat(file.longs("t259")).containsExactly(3);
            assertThatThrownBy(() -> file.tensor("t1000000"))
                    .isInstanceOf(SafetensorsException.class)
                    .hasMessageContaining("no tensor 't1000000'")
                    .hasMessageContaining("of 1000000 names the nearest are 't100000'");
        }
    }

    @Test
    void fileAndTensorBeyondTwoGiB_areReadAnywhere() throws IOException {
        long[] sizes = {GIB, GIB + 8, 5 * GIB, 8, GIB};
        Path path = directory.resolve("sparse.safetensors");
        long end = sparse(path, sizes);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.tensor("t4").end()).isEqualTo(end);
            for (int i = 0; i < sizes.length; i++) {
                String name = "t" + i;
                long size = sizes[i];
                assertThat(file.bytes(name, 0, 8).getLong()).isEqualTo(i + 1);
                assertThat(file.bytes(name, size - 8, 8).getLong()).isEqualTo(i + 1);
            }
            assertThat(file.bytes("t1").getLong((int) GIB)).isEqualTo(2);
            for (long offset = 0; offset <= 4 * GIB; offset += GIB / 4) {
                ByteBuffer part = file.bytes("t2", offset + 3, (int) (GIB - 3));
                assertThat(part.remaining()).isEqualTo((int) (GIB - 3));
                assertThat(part.get(part.limit() - 8)).isEqualTo((byte) (offset == 4 * GIB ? 3 : 0));
            }
            assertThatThrownBy(() -> file.bytes("t2"))
                    .isInstanceOf(SafetensorsException.class)
                    .hasMessageContaining("bytes(name, offset, length)");
            assertThatThrownBy(() -> file.bytes("t2", 1, Integer.MAX_VALUE))
                    .isInstanceOf(SafetensorsException.class)
                    .hasMessageContaining("at most 1073741823 of them can be had at a time");
            assertThatThrownBy(() -> file.longs("t2"))
                    .isInstanceOf(SafetensorsException.class)
                    .hasMessageContaining("more than an array can hold");
        }
    }

    /** Makes a file of U8 tensors, all zeros but the first and the last 8 bytes of each: its index from 1. */
    private static long sparse(Path path, long[] sizes) throws IOException {
        StringBuilder text = new StringBuilder("{");
        long end = 0;
        for (int i = 0; i < sizes.length; i++) {
            text.append(i == 0 ? "" : ",")
                    .append("\"t" + i + "\":{\"dtype\":\"U8\",\"shape\":[" + sizes[i] + "],\"data_offsets\":[" + end
                            + "," + (end + sizes[i]) + "]}");
            end += sizes[i];
        }
        byte[] header = text.append('}').toString().getBytes(StandardCharsets.UTF_8);
        try (FileChannel channel = FileChannel.open(
                path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
            channel.write(ByteBuffer.wrap(HandMade.bytes(header, 0)));
            long begin = 8L + header.length;
            for (int i = 0; i < sizes.length; i++) {
                ByteBuffer mark =
                        ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, i + 1);
                channel.write(mark, begin);
                channel.write(mark.rewind(), begin + sizes[i] - 8);
                begin += sizes[i];
            }
        } catch (IOException e) {
            Assumptions.abort("no sparse file of 8 GiB here: " + e.getMessage());
        }
        return end;
    }

    @Test
    void smallMappings_giveTheSameBytesAsOne() throws IOException {
        StringBuilder header = new StringBuilder("{");
        int end = 0;
        for (int size : new int[] {3, 0, 8, 1, 7, 9, 40, 0, 2, 33, 8, 8}) {
            header.append(end == 0 ? "" : ",")
                    .append("\"" + header.length() + "\":{\"dtype\":\"U8\",\"shape\":[" + size + "],\"data_offsets\":["
                            + end + "," + (end + size) + "]}");
            end += size;
        }
        HandMade.open(directory, HandMade.bytes(header.append('}').toString(), end))
                .close();
        try (SafetensorsFile file = SafetensorsFile.open(directory.resolve("hand-made.safetensors"), 8)) {
            for (TensorInfo tensor : file.tensors().values()) {
                int whole = (int) tensor.byteSize();
                int most = whole <= 8 ? whole : 4;
                for (int offset = 0; offset <= whole; offset++) {
                    int length = Math.min(most, whole - offset);
                    ByteBuffer bytes = file.bytes(tensor.name(), offset, length);
                    assertThat(bytes.remaining()).isEqualTo(length);
                    for (int i = 0; i < length; i++) {
                        assertThat(bytes.get(i)).isEqualTo((byte) (tensor.begin() + offset + i));
                    }
                }
            }
        }
    }
}
