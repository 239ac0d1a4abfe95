package org.bonepeft.djl.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bonepeft.djl.torch.TorchTypes;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.safetensors.SafetensorsWriter;
import org.bonepeft.safetensors.TensorData;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HfWeightsTest {
    /** The parts of a tensor beyond 2 GiB, in small: one row, some rows and a rest, all in one. */
    @ParameterizedTest
    @CsvSource({"F32, F32", "F32, BF16", "BF16, BF16", "BF16, F32", "F16, F32", "F16, BF16"})
    void copied_isTheTensor(DType inFile, DType type, @TempDir Path directory) throws IOException {
        float[] values = new float[7 * 3];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        Path path = directory.resolve("model.safetensors");
        SafetensorsWriter.write(path, List.of(TensorData.floats("w", inFile, Shape.of(7, 3), values)), Map.of());
        try (NDManager manager = NDManager.newBaseManager();
                SafetensorsFile file = SafetensorsFile.open(path)) {
            for (int partBytes : new int[] {1, 30, 1000}) {
                NDArray copied = HfWeights.copied(file, file.tensor("w"), manager, type, partBytes);
                assertThat(copied.getShape()).isEqualTo(new ai.djl.ndarray.types.Shape(7, 3));
                assertThat(TorchTypes.of(copied)).isEqualTo(type);
                assertThat(TorchTypes.floats(copied)).containsExactly(values);
                assertThat(copied.getManager()).isSameAs(manager);
            }
        }
    }
}
