package org.bonepeft.merge;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.peft.AdapterLayer;
import org.bonepeft.peft.AdapterTensor;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.tensor.Shape;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A weight that no buffer can hold. */
class LargeTensorTest {
    private static final int ROWS = 66_000;
    private static final int COLUMNS = 4096;
    private static final long BYTES = 8L * ROWS * COLUMNS;

    @TempDir
    Path directory;

    @Test
    void rowsBeyondTwoGiB_areReadAndMapped() throws IOException {
        assertThat(BYTES).isGreaterThan(Integer.MAX_VALUE);
        LayerSpec layer = new LayerSpec("q", COLUMNS, ROWS, false);
        float[] blocks = new float[ROWS];
        for (int i = 0; i < ROWS; i++) {
            blocks[i] = i;
        }
        AdapterLayer bat =
                new AdapterLayer(new Bat(1), Map.of(Bat.BLOCK, new AdapterTensor(Shape.of(ROWS, 1, 1), blocks)));
        try (SafetensorsFile file = SafetensorsFile.open(sparse())) {
            LowRank.Rows delta = new LayerWeight(file, file.tensor("q.weight"), layer, false).delta(bat);
            double[] rows = delta.read(ROWS - 2, ROWS);
            double last = ROWS - 1;
            assertThat(rows).hasSize(2 * COLUMNS).startsWith(last - 1, last - 1).endsWith(last, last);
            assertThat(rows[COLUMNS]).as("(w + 1) b with w = 0.5").isEqualTo(1.5 * last);
        }
    }

    /** Zeros, but for one half at the beginning of the last row. */
    private Path sparse() throws IOException {
        Path path = directory.resolve("sparse.safetensors");
        String text = "{\"q.weight\":{\"dtype\":\"F64\",\"shape\":[%d,%d],\"data_offsets\":[0,%d]}}"
                .formatted(ROWS, COLUMNS, BYTES);
        byte[] header = text.getBytes(StandardCharsets.UTF_8);
        ByteBuffer begin = ByteBuffer.allocate(8 + header.length).order(ByteOrder.LITTLE_ENDIAN);
        begin.putLong(header.length).put(header).flip();
        ByteBuffer half = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putDouble(0, 0.5);
        long lastRow = begin.limit() + BYTES - 8 * COLUMNS;
        try (FileChannel channel = FileChannel.open(
                path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
            channel.write(begin);
            channel.write(half, lastRow);
            channel.write(ByteBuffer.allocate(1), lastRow + 8 * COLUMNS - 1);
        } catch (IOException e) {
            Assumptions.abort("no sparse file of 2 GiB here: " + e.getMessage());
        }
        return path;
    }
}
