package org.bonepeft.examples.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.management.JMException;
import javax.management.ObjectName;

/** The memory of this process as Linux counts it, in MiB; NaN on other systems. */
final class ProcessMemory {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Path CLEAR = Path.of("/proc/self/clear_refs");

    private ProcessMemory() {}

    /** Returns the resident memory now. */
    static double resident() {
        return read("VmRSS:");
    }

    /** Returns the most that was resident since {@link #resetPeak}. */
    static double peak() {
        return read("VmHWM:");
    }

    private static double read(String key) {
        try {
            return Files.exists(STATUS)
                    ? Files.readAllLines(STATUS).stream()
                            .filter(line -> line.startsWith(key))
                            .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) / 1024)
                            .findFirst()
                            .orElse(Double.NaN)
                    : Double.NaN;
        } catch (IOException e) {
            return Double.NaN;
        }
    }

    /** Gives back what neither Java nor malloc needs. */
    static void trim() {
        System.gc();
        System.gc(); // buffers that the first found dead are freed in between
        try {
            ManagementFactory.getPlatformMBeanServer()
                    .invoke(
                            new ObjectName("com.sun.management:type=DiagnosticCommand"),
                            "systemTrimNativeHeap",
                            new Object[0],
                            new String[0]);
        } catch (JMException e) {
            // a JVM without this command keeps what malloc keeps
        }
    }

    /** Starts counting {@link #peak} anew. */
    static void resetPeak() {
        if (Files.isWritable(CLEAR)) {
            try {
                Files.writeString(CLEAR, "5");
            } catch (IOException e) {
                // the peak then counts from the process's start
            }
        }
    }
}
