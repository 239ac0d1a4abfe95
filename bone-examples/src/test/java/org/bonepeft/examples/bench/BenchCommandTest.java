package org.bonepeft.examples.bench;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.bonepeft.examples.Main;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchCommandTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    private Path folder;

    private int run(String... more) {
        String[] args = Stream.concat(Stream.of("bench", "--workloads", WorkTest.tiny()), Stream.of(more))
                .toArray(String[]::new);
        return Main.run(args, new PrintStream(out, true, UTF_8), new PrintStream(err, true, UTF_8));
    }

    @Test
    void line_isMeasuredInFreshProcessesAndCompared() throws IOException {
        Path lines = folder.resolve("lines.jsonl");
        Path others = folder.resolve("others.jsonl");
        Files.writeString(others, """
                {"case": "linear-tiny", "method": "bone", "dtype": "float32", "median_ms": 1, "check": -7.5841161, \
                "gemm_gflops": [1, 2]}
                """);
        int code = run(
                "--case",
                "linear",
                "--method",
                "bone",
                "--threads",
                "1",
                "--json",
                "" + lines,
                "--compare",
                "" + others);
        assertThat(code).as(err.toString(UTF_8)).isZero();
        assertThat(out.toString(UTF_8).lines()).last().asString().startsWith("| linear-tiny | bone | float32 |");
        List<Measurement> written = Measurement.read(lines);
        assertThat(written).hasSize(1);
        Measurement line = written.get(0);
        assertThat(line.steps()).isEqualTo(2);
        assertThat(line.trainable()).isEqualTo(32);
        assertThat(line.minMs()).isPositive().isLessThanOrEqualTo(line.medianMs());
        assertThat(line.medianMs()).isLessThanOrEqualTo(line.maxMs());
        if (Files.exists(Path.of("/proc/self/status"))) {
            assertThat(line.rssPeakMib()).isGreaterThan(10).isGreaterThanOrEqualTo(line.rssBeforeMib());
            assertThat(line.allocPeakMib()).isNotNull().isGreaterThanOrEqualTo(0);
        }
    }

    @Test
    void wrongCheckValue_andFailedLines_areReported() throws IOException {
        Path others = folder.resolve("others.jsonl");
        Files.writeString(others, """
                {"case": "linear-tiny", "method": "none", "dtype": "float32", "check": -6.5, "gemm_gflops": [1, 2]}
                """);
        int code = run("--case", "linear", "--method", "none,batt", "--no-memory", "--compare", "" + others);
        assertThat(code).isEqualTo(1);
        assertThat(err.toString(UTF_8))
                .contains("linear-tiny | none | float32: the check value differs by 1.2e-02", "linear-tiny batt");
    }

    @Test
    void load_saysSizeTimesAndGrowth() {
        Path model = Path.of(System.getProperty("bone.root"), "src-test-data", "mini-llama");
        assertThat(run("load", "--model", "" + model)).as(err.toString(UTF_8)).isZero();
        assertThat(out.toString(UTF_8))
                .matches(
                        "(?s).*mini-llama in bfloat16: 2 MiB of weights, read in [\\d.]+ s; loaded in .* x the weights\n");
    }

    @Test
    void unknownCase_isNamed() {
        assertThat(run("--case", "conv")).isEqualTo(1);
        assertThat(err.toString(UTF_8)).contains("no case begins with [conv]");
    }
}
