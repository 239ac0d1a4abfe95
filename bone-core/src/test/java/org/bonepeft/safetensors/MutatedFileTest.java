package org.bonepeft.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.bonepeft.testkit.Mutations;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A valid file, damaged in every way that chance finds: it is read, or refused, and memory stays small. */
class MutatedFileTest {
    private static final long MEMORY = 16 << 20;

    @TempDir
    Path directory;

    private byte[] valid = {};

    @BeforeEach
    void readSample() throws IOException {
        valid = HandMade.python();
    }

    @Test
    void everyPrefix_isRefused() {
        for (int length = 0; length < valid.length; length++) {
            byte[] prefix = Arrays.copyOf(valid, length);
            assertThatThrownBy(() -> HandMade.open(directory, prefix))
                    .as("%d bytes", length)
                    .isInstanceOf(SafetensorsException.class);
        }
    }

    @Test
    void everyHeaderBitFlipped_isReadOrRefused() throws IOException {
        int header = 8 + Byte.toUnsignedInt(valid[0]) + 256 * valid[1];
        int refused = 0;
        for (int bit = 0; bit < 8 * header; bit++) {
            refused += refused(Mutations.flipped(valid, bit)) ? 1 : 0;
        }
        // What may pass is a changed letter in a name or in the metadata.
        assertThat(refused).isBetween(6 * header, 8 * header - 1);
    }

    @Test
    void tenThousandRandomMutations_areReadOrRefusedInBoundedMemory() throws IOException {
        Random random = new Random(20261120);
        int refused = 0;
        for (int round = 0; round < 10_000; round++) {
            refused += refused(Mutations.mutated(valid, random)) ? 1 : 0;
        }
        assertThat(refused).isBetween(5_000, 9_999);
    }

    private boolean refused(byte[] content) throws IOException {
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        boolean refused = false;
        try {
            HandMade.readAll(directory, content);
        } catch (SafetensorsException e) {
            assertThat(e).hasMessageContaining("tensor").isNotNull();
            refused = true;
        }
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(MEMORY);
        return refused;
    }
}
