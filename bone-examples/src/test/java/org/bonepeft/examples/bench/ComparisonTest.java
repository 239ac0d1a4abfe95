package org.bonepeft.examples.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.bonepeft.BoneException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ComparisonTest {
    @TempDir
    private Path folder;

    private static Measurement measured(String method, String dtype, double ms, double check, Double alloc) {
        return new Measurement(
                "linear-768",
                method,
                dtype,
                null,
                "bone",
                "cpu",
                2,
                5,
                1,
                ms,
                ms / 2,
                ms * 2,
                1000,
                100,
                160,
                60,
                alloc,
                12,
                check,
                List.of(180.0, 190.0),
                "PyTorch");
    }

    @Test
    void table_putsMediansAndRatiosBesideEachOther() {
        Comparison comparison = new Comparison(
                List.of(
                        measured("bone", "float32", 10, 2, 3.0),
                        measured("bone", "float32", 30, 2, null),
                        measured("bone", "float32", 20, 2, null)),
                List.of(measured("bone", "float32", 40, 2.0001, 6.0)));
        assertThat(comparison.table().lines())
                .hasSize(3)
                .last()
                .isEqualTo("| linear-768 | bone | float32 | 20.00 | 10.00 | 40.00 | 1,000 | 100 | 160 | 60 | 3.0 | 12"
                        + " | 2.00000 | 180/190 | 40.00 | 180/190 | 0.50 | 0.50 | 1.00 | 0.50 | 5.0e-05 |");
        assertThat(comparison.disagreements()).isEmpty();
    }

    @Test
    void checkValues_mayDifferAsTheTypeAllows() {
        Comparison comparison = new Comparison(
                List.of(measured("bone", "float32", 1, 2.001, 1.0), measured("bone", "bfloat16", 1, 2.001, 1.0)),
                List.of(measured("bone", "float32", 1, 2, 1.0), measured("bone", "bfloat16", 1, 2, 1.0)));
        assertThat(comparison.disagreements())
                .containsExactly("linear-768 | bone | float32: the check value differs by 5.0e-04, at most 1e-04 is"
                        + " allowed");
        assertThat(comparison.table()).contains("**5.0e-04**");
    }

    @Test
    void notANumber_disagrees() {
        assertThat(new Comparison(
                                List.of(measured("bone", "float32", 1, Double.NaN, 1.0)),
                                List.of(measured("bone", "float32", 1, 2, 1.0)))
                        .disagreements())
                .hasSize(1);
    }

    @Test
    void ratios_areRelativeToLora() {
        String ratios = new Comparison(
                        List.of(measured("lora", "float32", 10, 1, 2.0), measured("bat-row", "float32", 12, 1, 3.0)),
                        List.of())
                .ratios();
        assertThat(ratios).contains("| linear-768 | bat-row | float32 | lora | 1.20 | 1.20 | 1.00 | 1.50 |");
        assertThat(ratios.lines()).hasSize(4);
    }

    @Test
    void lines_areReadAsTheyWereWritten_amongOthers() throws IOException {
        Path file = folder.resolve("lines.jsonl");
        Measurement line = measured("bone", "float32", 1.5, 2, 3.0);
        line.append(file);
        String others = """
                {"ratios": "linear", "median_ms": 3}
                {"case": "llama-small", "method": "none", "dtype": "float32", "loop": null, "median_ms": 7.5, "check": 1, \
                "gemm_gflops": [1, 2], "phases_ms": {"forward": 1}}
                """;
        Files.writeString(file, others, StandardOpenOption.APPEND);
        List<Measurement> read = Measurement.read(file);
        assertThat(read).hasSize(2);
        assertThat(read.get(0).json()).isEqualTo(line.json());
        assertThat(read.get(1).medianMs()).isEqualTo(7.5);
        assertThat(read.get(1).program()).isNull();
    }

    @Test
    void lineOfAnotherKind_isRefused() {
        assertThatThrownBy(() -> Measurement.of("{\"check\": 1}")).isInstanceOf(BoneException.class);
        assertThatThrownBy(() -> Measurement.of("{\"check\"")).isInstanceOf(BoneException.class);
    }
}
