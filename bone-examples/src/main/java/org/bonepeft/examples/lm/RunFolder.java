package org.bonepeft.examples.lm;

import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;

/** Where a run writes. */
public final class RunFolder {
    private RunFolder() {}

    /** Returns the folder that the user wants, or {@code runs/NAME-TIME}. */
    public static Path of(@Nullable Path wanted, String name) {
        String time = LocalDateTime.now(ZoneId.systemDefault()).format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss"));
        return wanted == null ? Path.of("runs", name + "-" + time) : wanted;
    }
}
