package org.bonepeft.safetensors;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/**
 * Any bytes are read, or refused with a {@link SafetensorsException}. No part of a normal test run, where
 * {@link MutatedFileTest} does its work; {@code JAZZER_FUZZ=1 mvn -pl bone-core test -Dtest=SafetensorsFuzzTest} searches
 * for inputs that break it, and without {@code JAZZER_FUZZ} those found before are tried again.
 */
class SafetensorsFuzzTest {
    @TempDir
    static Path directory;

    @FuzzTest(maxDuration = "2m")
    void read(byte[] content) throws IOException {
        try {
            HandMade.readAll(directory, content);
        } catch (SafetensorsException e) {
            // refused: what it says is tested elsewhere
        }
    }
}
