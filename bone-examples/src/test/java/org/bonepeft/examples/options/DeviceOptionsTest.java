package org.bonepeft.examples.options;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.List;
import java.util.stream.Stream;
import org.bonepeft.examples.Main;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** All commands that run PyTorch take the same options, each with its own default. */
class DeviceOptionsTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(String command, String... options) {
        String[] args =
                Stream.concat(Stream.of(command.split(" ")), Stream.of(options)).toArray(String[]::new);
        return Main.run(args, new PrintStream(out, true, UTF_8), new PrintStream(err, true, UTF_8));
    }

    @ParameterizedTest
    @ValueSource(strings = {"glue", "metamath", "metamath train", "pretrain", "bench", "bench loop"})
    void wrongDeviceOrThreads_areWrongUsage(String command) {
        assertThat(run(command, "--device", "tpu")).isEqualTo(2);
        assertThat(err.toString(UTF_8)).contains("--device must be cpu or gpu0, gpu1, ..., not tpu");
        for (String threads : List.of("0", "-1", "two")) {
            err.reset();
            assertThat(run(command, "--threads", threads)).isEqualTo(2);
            assertThat(err.toString(UTF_8)).contains("'--threads'", "must be a number from 1 on, not " + threads);
        }
    }

    @Test
    void help_tellsEachCommandsOwnDefault() {
        assertThat(help("pretrain")).contains("default: 1 for a hidden size up to 256, else one for each core");
        assertThat(help("bench loop")).contains("threads of PyTorch (default: 2)", "weights (default: float32)");
        assertThat(help("plan")).contains("weights (default: bfloat16)");
        assertThat(help("metamath eval"))
                .contains("weights (default: float32)", "cpu or gpu0, gpu1, ... (default: cpu)");
    }

    private String help(String command) {
        out.reset();
        assertThat(run(command, "--help")).isZero();
        return out.toString(UTF_8).replaceAll("\\s+", " ");
    }
}
