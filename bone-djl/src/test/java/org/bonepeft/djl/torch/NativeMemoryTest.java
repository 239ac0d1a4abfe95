package org.bonepeft.djl.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NativeMemoryTest {
    private static final Path STAT = Path.of("/proc/self/stat");

    /** Of 4 KiB. */
    private static final long PAGES = 16 << 20 >> 12;

    @BeforeEach
    void requireGlibcWithoutSettings() throws IOException {
        assumeThat(STAT).as("Linux, which counts page faults").exists();
        assumeThat(Files.readString(Path.of("/proc/self/maps")))
                .as("a process with glibc")
                .contains("libc.so.6");
        for (String name : List.of("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")) {
            assumeThat(System.getenv())
                    .as("what the environment says of malloc")
                    .doesNotContainKey(name);
        }
    }

    @Test
    void keepFreed_aStep_findsThePagesOfTheStepBefore() throws IOException {
        assertThat(NativeMemory.keepFreed()).isTrue();
        assertThat(NativeMemory.keepFreed()).as("again").isTrue();
        try (NDManager manager = NDManager.newBaseManager()) {
            // The first steps find their places.
            steps(manager, 12);
            long before = faults();
            steps(manager, 4);
            // Of 32 tensors; what Java's own threads touch meanwhile counts too.
            assertThat(faults() - before).isLessThan(2 * PAGES);
        }
    }

    private static void steps(NDManager manager, int count) {
        for (int i = 0; i < count; i++) {
            step(manager, 8);
        }
    }

    /** Fills tensors of 16 MiB and frees them. */
    private static void step(NDManager manager, int tensors) {
        Stream.generate(() -> manager.ones(new Shape(4 << 20)))
                .limit(tensors)
                .toList()
                .forEach(NDArray::close);
    }

    /** Returns how many pages this process was given without reading them from a disk. */
    private static long faults() throws IOException {
        String stat = Files.readString(STAT);
        return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[7]);
    }
}
