package org.bonepeft.safetensors;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/**
 * Any bytes are read, or refused with a {@link SafetensorsException}. {@code mvn verify} tries so many inputs, in a JVM of
 * its own, because Jazzer instruments every class in it.
 */
class SafetensorsFuzzTest {
    @TempDir
    static Path directory;

    @FuzzTest(maxExecutions = 50_000)
    void read(byte[] content) throws IOException {
        try {
            HandMade.readAll(directory, content);
        } catch (SafetensorsException e) {
            // refused: what it says is tested elsewhere
        }
    }
}
