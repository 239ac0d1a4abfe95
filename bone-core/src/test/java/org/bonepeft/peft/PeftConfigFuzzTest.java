package org.bonepeft.peft;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bonepeft.BoneException;
import org.junit.jupiter.api.io.TempDir;

/** Any bytes are a configuration that can be written again, or refused with a {@link BoneException}. */
class PeftConfigFuzzTest {
    @TempDir
    static Path directory;

    @FuzzTest(maxExecutions = 10_000)
    void read(byte[] content) throws IOException {
        Path file = Files.write(directory.resolve("adapter_config.json"), content);
        PeftConfig config;
        try {
            config = PeftConfig.read(file);
        } catch (BoneException e) {
            return; // refused: what it says is tested elsewhere
        }
        Files.writeString(file, config.toJson());
        if (!PeftConfig.read(file).equals(config)) {
            throw new AssertionError("changed by writing and reading: " + config);
        }
    }
}
