package org.bonepeft.examples.doctor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.Engine;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import org.bonepeft.examples.Main;
import org.junit.jupiter.api.Test;

class DoctorCommandTest {
    @Test
    void doctor_namesWhatRuns() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream stream = new PrintStream(out, true, UTF_8);
        assertThat(Main.run(new String[] {"doctor"}, stream, stream)).isZero();
        assertThat(out.toString(UTF_8))
                .contains("engine", "PyTorch " + Engine.getEngine("PyTorch").getVersion())
                .contains("compiled path             on")
                .contains("natives on the class path PyTorch", "docs/CUDA.md");
    }
}
