package org.bonepeft.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.bonepeft.testkit.GoldenFolder;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code python.safetensors}, written by the Python library safetensors 0.8.0 with torch 2.13, is read, and the writer
 * makes the same bytes. Its script:
 *
 * <pre>{@code
 * def t(dtype, *values): return torch.tensor(values, dtype=dtype)
 * real = (0.0, -0.0, 1.0, -1.5, 0.1, 6e-8, 65504.0, float("inf"))
 * save_file({
 *     "z.bool": t(torch.bool, True, False, True), "a.u8": t(torch.uint8, 0, 1, 255),
 *     "i8": t(torch.int8, -128, 0, 127), "i16": t(torch.int16, -32768, 0, 32767),
 *     "i32": t(torch.int32, -2**31, 0, 2**31 - 1), "i64": t(torch.int64, -2**63, 0, 2**63 - 1),
 *     "f16": t(torch.float16, *real), "bf16": t(torch.bfloat16, *real),
 *     "f32": t(torch.float32, *real).reshape(2, 4), "f64": t(torch.float64, *real).reshape(2, 1, 4),
 *     "scalar": torch.tensor(2.5), "empty": torch.zeros(0, 3),
 *     'quote " slash \\ / tab \t \u00e9 \uff5e \U0001f600': torch.zeros(1),
 *     "\uff5e": torch.ones(1), "\U0001f600": torch.ones(1),
 * }, path, {"format\n": "\u00e9"})
 * }</pre>
 */
class PythonFileTest {
    private static final float[] REAL = {0f, -0f, 1f, -1.5f, 0.1f, 6e-8f, 65504f, Float.POSITIVE_INFINITY};
    private static final double[] REAL64 = {0, -0.0, 1, -1.5, 0.1, 6e-8, 65504, Double.POSITIVE_INFINITY};
    private static final Shape THREE = Shape.of(3);

    private static final List<TensorData> TENSORS = List.of(
            TensorData.longs("z.bool", DType.BOOL, THREE, new long[] {1, 0, 1}),
            TensorData.longs("a.u8", DType.U8, THREE, new long[] {0, 1, 255}),
            TensorData.longs("i8", DType.I8, THREE, new long[] {-128, 0, 127}),
            TensorData.longs("i16", DType.I16, THREE, new long[] {-32768, 0, 32767}),
            TensorData.longs("i32", DType.I32, THREE, new long[] {Integer.MIN_VALUE, 0, Integer.MAX_VALUE}),
            TensorData.longs("i64", DType.I64, THREE, new long[] {Long.MIN_VALUE, 0, Long.MAX_VALUE}),
            TensorData.floats("f16", DType.F16, Shape.of(8), REAL),
            TensorData.floats("bf16", DType.BF16, Shape.of(8), REAL),
            TensorData.floats("f32", DType.F32, Shape.of(2, 4), REAL),
            TensorData.doubles("f64", Shape.of(2, 1, 4), REAL64),
            TensorData.floats("scalar", DType.F32, Shape.of(), new float[] {2.5f}),
            TensorData.floats("empty", DType.F32, Shape.of(0, 3), new float[] {}),
            TensorData.floats("quote \" slash \\ / tab \t é ～ 😀", DType.F32, Shape.of(1), new float[] {0}),
            TensorData.floats("～", DType.F32, Shape.of(1), new float[] {1}),
            TensorData.floats("😀", DType.F32, Shape.of(1), new float[] {1}));

    private static final Map<String, String> METADATA = Map.of("format\n", "é");

    @TempDir
    Path directory;

    @Test
    void written_isTheSameBytes() throws IOException {
        Path path = directory.resolve("java.safetensors");
        SafetensorsWriter.write(path, TENSORS, METADATA);
        assertThat(path).hasBinaryContent(HandMade.python());
    }

    @Test
    void copied_isTheSameBytes() throws IOException {
        HandMade.open(directory, HandMade.python()).close();
        copyIsTheSame(directory.resolve("hand-made.safetensors"));
    }

    @Test
    void adaptersOfPeft_copied_areTheSameBytes() throws IOException {
        for (Path adapter : GoldenFolder.get().adapters()) {
            copyIsTheSame(adapter.resolve("adapter_model.safetensors"));
        }
    }

    @Test
    void publishedAdapters_copied_areTheSameBytes() throws IOException {
        Path folder = Path.of(System.getProperty("bone.root", ""), "../shared/data/adapters");
        Assumptions.assumeTrue(Files.isDirectory(folder), "no " + folder);
        try (Stream<Path> files = Files.walk(folder)) {
            List<Path> found = files.filter(file -> file.toString().endsWith(".safetensors"))
                    .toList();
            assertThat(found).isNotEmpty();
            for (Path file : found) {
                copyIsTheSame(file);
            }
        }
    }

    private void copyIsTheSame(Path path) throws IOException {
        Path copy = directory.resolve("copy.safetensors");
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            List<TensorData> tensors = file.tensors().keySet().stream()
                    .map(name -> TensorData.copy(file, name))
                    .toList();
            SafetensorsWriter.write(copy, tensors, file.metadata());
        }
        assertThat(copy).hasSameBinaryContentAs(path);
    }

    @Test
    void read_hasAllValues() throws IOException {
        try (SafetensorsFile file = HandMade.open(directory, HandMade.python())) {
            assertThat(file.metadata()).isEqualTo(METADATA);
            assertThat(file.tensors()).hasSameSizeAs(TENSORS);
            for (TensorData tensor : TENSORS) {
                assertThat(file.tensor(tensor.name()).dtype()).isEqualTo(tensor.dtype());
                assertThat(file.tensor(tensor.name()).shape()).isEqualTo(tensor.shape());
            }
            assertThat(file.longs("z.bool")).containsExactly(1, 0, 1);
            assertThat(file.longs("a.u8")).containsExactly(0, 1, 255);
            assertThat(file.doubles("i8")).containsExactly(-128, 0, 127);
            assertThat(file.floats("i16")).containsExactly(-32768, 0, 32767);
            assertThat(file.doubles("i32")).containsExactly(Integer.MIN_VALUE, 0, Integer.MAX_VALUE);
            assertThat(file.longs("i64")).containsExactly(Long.MIN_VALUE, 0, Long.MAX_VALUE);
            assertThat(file.floats("f32")).containsExactly(REAL);
            assertThat(file.floats("f64")).containsExactly(REAL);
            assertThat(file.doubles("f64")).containsExactly(REAL64);
            assertThat(file.floats("f16")).containsExactly(0f, -0f, 1f, -1.5f, 0.099975586f, 0x1p-24f, 65504f, REAL[7]);
            assertThat(file.floats("bf16"))
                    .containsExactly(0f, -0f, 1f, -1.5f, 0.100097656f, 6.0070306e-8f, 65536f, REAL[7]);
            assertThat(file.floats("scalar")).containsExactly(2.5f);
            assertThat(file.floats("empty")).isEmpty();
        }
    }
}
