package org.bonepeft.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
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
            byte[] flipped = valid.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            refused += refused(flipped) ? 1 : 0;
        }
        // What may pass is a changed letter in a name or in the metadata.
        assertThat(refused).isBetween(6 * header, 8 * header - 1);
    }

    @Test
    void tenThousandRandomMutations_areReadOrRefusedInBoundedMemory() throws IOException {
        Random random = new Random(20261120);
        int refused = 0;
        for (int round = 0; round < 10_000; round++) {
            refused += refused(mutated(random)) ? 1 : 0;
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

    private byte[] mutated(Random random) {
        byte[] bytes = valid.clone();
        for (int edits = 1 + random.nextInt(4); edits > 0; edits--) {
            int at = random.nextInt(bytes.length);
            int length = Math.min(1 + random.nextInt(16), bytes.length - at);
            switch (random.nextInt(5)) {
                case 0 -> bytes[at] = (byte) random.nextInt(256);
                case 1 -> bytes[at] = (byte) "{}[]\",:0123456789-.e\\ ".charAt(random.nextInt(22));
                case 2 -> System.arraycopy(bytes, random.nextInt(bytes.length - length + 1), bytes, at, length);
                case 3 -> bytes = Arrays.copyOf(bytes, bytes.length - length + 1);
                default -> {
                    byte[] longer = Arrays.copyOf(bytes, bytes.length + length);
                    System.arraycopy(bytes, at, longer, at + length, bytes.length - at);
                    bytes = longer;
                }
            }
        }
        return bytes;
    }
}
