package org.bonepeft.djl.torch;

import com.sun.jna.Library;
import com.sun.jna.Native;
import java.util.List;

/** The memory that PyTorch's CPU tensors come from: that of the C library. */
public final class NativeMemory {
    /** {@code M_TRIM_THRESHOLD}, {@code M_TOP_PAD} and {@code M_MMAP_THRESHOLD} of glibc's malloc.h. */
    private static final int TRIM_THRESHOLD = -1;

    private static final int TOP_PAD = -2;

    private static final int MMAP_THRESHOLD = -3;

    /** The largest that glibc takes: a block of 32 MiB or more always comes from the system. */
    private static final int LARGEST_THRESHOLD = 32 << 20;

    /**
     * The size of a heap of a thread other than the first. A heap that is free altogether is unmapped, whatever the trim
     * threshold, unless the one before it has less room left than the pad.
     */
    private static final int HEAP = 64 << 20;

    private static final List<String> ENVIRONMENT =
            List.of("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_", "GLIBC_TUNABLES");

    private NativeMemory() {}

    private interface CLibrary extends Library {
        int mallopt(int parameter, int value);
    }

    /**
     * Lets this process keep the memory of tensors that were freed, to be used by the next ones, instead of giving it
     * back to the system: a training step then finds the memory of the step before. Else the system clears pages anew in
     * each step, which took 15 of 380 ms where it now takes 5 (llama-small on a virtual machine). The largest use of memory
     * stays nearly the same, between steps the process holds more.
     *
     * <p>It acts on the whole process and cannot be taken back. {@code FineTuner} calls it; call it before a training
     * loop of your own. What the environment says of malloc ({@code MALLOC_TRIM_THRESHOLD_}, {@code
     * MALLOC_MMAP_THRESHOLD_}, {@code MALLOC_TOP_PAD_}, {@code GLIBC_TUNABLES}) stands.
     *
     * @return whether it acts: the C library is glibc, and the environment says nothing
     */
    public static boolean keepFreed() {
        return Keeping.ACTS;
    }

    private static final class Keeping {
        static final boolean ACTS = set();

        private static boolean set() {
            if (ENVIRONMENT.stream().anyMatch(System.getenv()::containsKey)) {
                return false;
            }
            try {
                CLibrary c = Native.load("c", CLibrary.class);
                return c.mallopt(TOP_PAD, HEAP) == 1
                        && c.mallopt(MMAP_THRESHOLD, LARGEST_THRESHOLD) == 1
                        && c.mallopt(TRIM_THRESHOLD, Integer.MAX_VALUE) == 1;
            } catch (LinkageError e) {
                return false;
            }
        }
    }
}
