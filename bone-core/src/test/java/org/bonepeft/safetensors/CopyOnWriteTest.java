package org.bonepeft.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CopyOnWriteTest {
    @Test
    void whatIsWrittenToABuffer_isNotInTheFile(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("model.safetensors");
        TensorData tensor = TensorData.floats("x", DType.F32, Shape.of(2), new float[] {1, 2});
        SafetensorsWriter.write(file, List.of(tensor), Map.of());
        byte[] before = Files.readAllBytes(file);
        try (TensorSource source = ShardedSafetensors.openCopyOnWrite(directory)) {
            ByteBuffer bytes = source.bytes("x");
            bytes.putFloat(4, 7);
            assertThat(source.floats("x")).containsExactly(1, 7);
        }
        assertThat(Files.readAllBytes(file)).isEqualTo(before);
        try (TensorSource source = ShardedSafetensors.open(directory)) {
            assertThat(source.bytes("x").isReadOnly()).isTrue();
        }
    }
}
