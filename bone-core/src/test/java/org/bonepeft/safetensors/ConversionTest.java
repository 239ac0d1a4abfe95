package org.bonepeft.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ReadOnlyBufferException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ConversionTest {
    @TempDir
    Path directory;

    private SafetensorsFile written(TensorData... tensors) throws IOException {
        Path path = directory.resolve("converted.safetensors");
        SafetensorsWriter.write(path, List.of(tensors), Map.of());
        return SafetensorsFile.open(path);
    }

    private static void refused(ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(SafetensorsException.class).hasMessageContaining(message);
    }

    @ParameterizedTest
    @EnumSource
    void everyType_roundTripsItsBytes(DType dtype) throws IOException {
        Random random = new Random(1);
        byte[] content = new byte[4099 * dtype.bytes()];
        random.nextBytes(content);
        Shape shape = Shape.of(4099, 1);
        ByteBuffer bytes = ByteBuffer.wrap(content);
        try (SafetensorsFile file = written(
                TensorData.bytes("odd", DType.U8, Shape.of(3), ByteBuffer.allocate(3)),
                TensorData.bytes("t", dtype, shape, bytes))) {
            assertThat(file.bytes("t")).isEqualTo(bytes);
            assertThat(file.tensor("t").dtype()).isEqualTo(dtype);
            assertThat(file.tensor("t").shape()).isEqualTo(shape);
            if (dtype.isFloating() && dtype != DType.F64) {
                float[] values = file.floats("t");
                try (SafetensorsFile again = written(TensorData.floats("t", dtype, shape, values))) {
                    assertThat(again.floats("t")).isEqualTo(values);
                }
            } else if (!dtype.isFloating() && dtype != DType.BOOL) {
                try (SafetensorsFile again = written(TensorData.longs("t", dtype, shape, file.longs("t")))) {
                    assertThat(again.bytes("t")).isEqualTo(bytes);
                }
            }
        }
        assertThat(bytes.position()).isZero();
    }

    @Test
    void longArrays_areConvertedChunkByChunk() throws IOException {
        float[] values = new float[600_000];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        Shape shape = Shape.of(values.length);
        try (SafetensorsFile file = written(
                TensorData.floats("f", DType.F32, shape, values), TensorData.floats("b", DType.BF16, shape, values))) {
            assertThat(file.floats("f")).isEqualTo(values);
            assertThat(file.floats("b")[65536 * 3]).isEqualTo(65536 * 3);
            assertThat(file.floats("f", 599_998, 2)).containsExactly(599_998, 599_999);
            assertThat(file.floats("b", 65536 * 3, 1)).containsExactly(65536 * 3);
            assertThatThrownBy(() -> file.floats("f", 599_999, 2)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void typeThatDoesNotFit_isRefusedWithAdvice() throws IOException {
        try (SafetensorsFile file = written(
                TensorData.longs("long", DType.I64, Shape.of(1), new long[] {1}),
                TensorData.longs("int", DType.I32, Shape.of(1), new long[] {1}),
                TensorData.longs("bool", DType.BOOL, Shape.of(1), new long[] {1}),
                TensorData.bytes("not bool", DType.BOOL, Shape.of(2), ByteBuffer.wrap(new byte[] {1, 2})),
                TensorData.floats("float", DType.F32, Shape.of(1), new float[] {1}),
                TensorData.doubles("double", Shape.of(2), new double[] {Double.NEGATIVE_INFINITY, 1e39}))) {
            refused(() -> file.floats("long"), "tensor 'long' is I64, which does not fit float32; read it with longs(");
            refused(
                    () -> file.doubles("long"),
                    "tensor 'long' is I64, which does not fit float64; read it with longs(");
            refused(() -> file.floats("int"), "tensor 'int' is I32, which does not fit float32");
            refused(() -> file.doubles("bool"), "tensor 'bool' is BOOL, which does not fit float64");
            refused(
                    () -> file.longs("float"),
                    "tensor 'float' is F32, which does not fit integers; read it with doubles(");
            refused(() -> file.longs("not bool"), "tensor 'not bool' is BOOL but holds the byte 2; expected 0 or 1");
            refused(() -> file.floats("double"), "tensor 'double' holds 1.0E39, beyond float32; read it with doubles(");
            assertThat(file.doubles("double")).containsExactly(Double.NEGATIVE_INFINITY, 1e39);
        }
    }

    @Test
    void buffer_isReadOnlyLittleEndianAndOutlivesTheFile() throws IOException {
        SafetensorsFile file = written(TensorData.doubles("a", Shape.of(2), new double[] {1, 2}));
        ByteBuffer bytes = file.bytes("a");
        assertThat(file.bytes("a", 8, 8).getDouble()).isEqualTo(2);
        file.close();
        assertThatThrownBy(() -> file.bytes("a"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
        assertThatThrownBy(() -> file.doubles("a")).isInstanceOf(IllegalStateException.class);
        assertThat(bytes.order()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
        assertThat(bytes.asDoubleBuffer().get(1)).isEqualTo(2);
        assertThatThrownBy(() -> bytes.put(0, (byte) 1)).isInstanceOf(ReadOnlyBufferException.class);
    }

    @Test
    void rangeOutsideTheTensor_isRefused() throws IOException {
        try (SafetensorsFile file = written(
                TensorData.doubles("a", Shape.of(1), new double[] {1}),
                TensorData.doubles("b", Shape.of(1), new double[] {1}))) {
            for (long offset : new long[] {-1, 1, 9, Long.MAX_VALUE}) {
                assertThatThrownBy(() -> file.bytes("a", offset, 8))
                        .isInstanceOf(IndexOutOfBoundsException.class)
                        .hasMessage("8 bytes from " + offset + " on of tensor 'a', which has 8");
            }
            assertThatThrownBy(() -> file.bytes("a", 0, -1)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void unknownName_listsTheNearest() throws IOException {
        double[] one = {1};
        try (SafetensorsFile file = written(
                TensorData.doubles("model.layers.0.q_proj.weight", Shape.of(1), one),
                TensorData.doubles("model.layers.0.v_proj.weight", Shape.of(1), one),
                TensorData.doubles("model.norm", Shape.of(1), one))) {
            refused(
                    () -> file.floats("base.model.layers.0.q_proj.weight"),
                    "converted.safetensors: no tensor 'base.model.layers.0.q_proj.weight'; of 3 names the nearest are"
                            + " 'model.layers.0.q_proj.weight', 'model.layers.0.v_proj.weight', 'model.norm'");
        }
        try (SafetensorsFile file = written()) {
            refused(() -> file.bytes("a"), "no tensor 'a'; there are no tensors at all");
        }
    }
}
