package org.bonepeft.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {
    private static final Shape TWO = Shape.of(2);

    @TempDir
    Path directory;

    private Path path = Path.of("");

    @BeforeEach
    void writeOldFile() throws IOException {
        path = directory.resolve("a.safetensors");
        Files.writeString(path, "old");
    }

    private void refused(ThrowingCallable write, String message) {
        assertThatThrownBy(write).isInstanceOf(SafetensorsException.class).hasMessageContaining(message);
        assertThat(path).hasContent("old");
        assertThat(directory).isDirectoryContaining(file -> file.equals(path));
        assertThat(directory.toFile().list()).hasSize(1);
    }

    @Test
    void bytes_dependOnContentAlone() throws IOException {
        List<TensorData> tensors = new ArrayList<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        for (String name : List.of("b", "a", "d", "c")) {
            tensors.add(TensorData.longs(name, DType.I32, TWO, new long[] {1, 2}));
            tensors.add(TensorData.longs(name + "8", DType.I8, TWO, new long[] {1, 2}));
            metadata.put(name, "x");
        }
        SafetensorsWriter.write(path, tensors, metadata);
        byte[] bytes = Files.readAllBytes(path);
        Collections.reverse(tensors);
        SafetensorsWriter.write(path, tensors, Map.of("d", "x", "c", "x", "b", "x", "a", "x"));
        assertThat(path).hasBinaryContent(bytes);
        assertThat((8
                                + ByteBuffer.wrap(bytes)
                                        .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                                        .getLong())
                        % 8)
                .isZero();
    }

    @Test
    void nothing_isAFile() throws IOException {
        SafetensorsWriter.write(path, List.of(), Map.of());
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.tensors()).isEmpty();
            assertThat(file.metadata()).isEmpty();
        }
    }

    @Test
    void sameNameTwice_isRefusedEvenOfTwoTypes() {
        refused(
                () -> SafetensorsWriter.write(
                        path,
                        List.of(
                                TensorData.longs("a", DType.I32, TWO, new long[2]),
                                TensorData.longs("b", DType.I32, TWO, new long[2]),
                                TensorData.doubles("a", TWO, new double[2])),
                        Map.of()),
                "two tensors are named 'a'");
    }

    @Test
    void contentOfAnotherSize_isRefused() {
        for (int wrong : new int[] {0, 7, 9, 16}) {
            TensorData tensor = new TensorData("a", DType.F32, TWO, out -> {
                out.write(ByteBuffer.allocate(wrong / 2));
                out.write(ByteBuffer.allocate(wrong - wrong / 2));
                out.close();
            });
            refused(
                    () -> SafetensorsWriter.write(path, List.of(tensor), Map.of()),
                    "tensor 'a', F32 [2], takes 8 bytes, but its content wrote " + (wrong > 8 ? "at least " : "")
                            + wrong);
        }
    }

    @Test
    void contentThatFails_leavesTheOldFile() {
        TensorData tensor = new TensorData("a", DType.F32, TWO, out -> {
            out.write(ByteBuffer.allocate(4));
            throw new IOException("no more");
        });
        assertThatThrownBy(() -> SafetensorsWriter.write(path, List.of(tensor), Map.of()))
                .isInstanceOf(IOException.class)
                .hasMessage("no more");
        assertThat(path).hasContent("old");
        assertThat(directory.toFile().list()).hasSize(1);
    }

    @Test
    void wrongTensor_isRefused() {
        refused(() -> TensorData.doubles("__metadata__", TWO, new double[2]), "no tensor can be named '__metadata__'");
        refused(() -> TensorData.doubles("\udc00", TWO, new double[2]), "no tensor can be named '\\udc00'");
        refused(() -> TensorData.doubles("a", TWO, new double[3]), "tensor 'a' [2] takes 2 values; given 3");
        refused(() -> TensorData.doubles("a", Shape.of(Shape.TOKENS, 2), new double[2]), "has the open shape [T, 2]");
        refused(
                () -> new TensorData("a", DType.F64, Shape.of(1L << 31, 1L << 31), out -> {}),
                "has more bytes than a file can");
        refused(() -> write(TensorData.floats("a", DType.I8, TWO, new float[2])), "float32 values cannot become I8");
        refused(() -> write(TensorData.longs("a", DType.F32, TWO, new long[2])), "integers cannot become F32");
        refused(
                () -> write(TensorData.longs("a", DType.BOOL, TWO, new long[] {1, 2})),
                "the value 2 cannot become BOOL");
        refused(() -> write(TensorData.longs("a", DType.U8, TWO, new long[] {1, -1})), "the value -1 cannot become U8");
        refused(
                () -> write(TensorData.longs("a", DType.I8, TWO, new long[] {128, 1})),
                "the value 128 cannot become I8");
        refused(() -> SafetensorsWriter.write(path, List.of(), Map.of("a", "\ud800")), "half a surrogate pair");
        refused(
                () -> SafetensorsWriter.write(directory.resolve("a.bin"), List.of(), Map.of()),
                "is by its name a Python pickle");
    }

    private void write(TensorData tensor) throws IOException {
        SafetensorsWriter.write(path, List.of(tensor), Map.of());
    }

    @Test
    void headerBeyondTheFormat_isRefused() {
        refused(
                () -> SafetensorsWriter.write(path, List.of(), Map.of("a", "x".repeat(100_000_000))),
                "the format allows 100000000");
    }

    @Test
    void largeTensor_isStreamed() throws IOException {
        int parts = 64;
        ByteBuffer part = ByteBuffer.allocate(1 << 20);
        TensorData tensor = new TensorData("a", DType.U8, Shape.of(parts, 1 << 20), out -> {
            for (int i = 0; i < parts; i++) {
                out.write(part.clear());
            }
        });
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        write(tensor);
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(16 << 20);
        assertThat(Files.size(path)).isGreaterThan(64 << 20);
    }
}
