package org.bonepeft.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import org.junit.jupiter.api.Test;

class MainTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(String... args) {
        return Main.run(args, new PrintStream(out, true, UTF_8), new PrintStream(err, true, UTF_8));
    }

    @Test
    void run_withoutArguments_showsHelp() {
        assertThat(run()).isZero();
        assertThat(out.toString(UTF_8)).startsWith("Usage: bone");
        assertThat(err.toString(UTF_8)).isEmpty();
    }

    @Test
    void run_unknownOption_isUsageErrorOfTwoLines() {
        assertThat(run("--nonsense")).isEqualTo(2);
        assertThat(err.toString(UTF_8).lines()).hasSize(2).first().asString().contains("--nonsense");
        assertThat(out.toString(UTF_8)).isEmpty();
    }

    @Test
    void run_unknownCommand_isUsageErrorOfTwoLines() {
        assertThat(run("gleu")).isEqualTo(2);
        assertThat(err.toString(UTF_8).lines()).hasSize(2).first().asString().contains("gleu");
    }
}
