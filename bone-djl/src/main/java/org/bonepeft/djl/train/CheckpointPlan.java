package org.bonepeft.djl.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.bonepeft.BoneException;

/**
 * Where a run keeps what it needs to go on: a safetensors file for a step, which is there completely or not at all.
 *
 * @param folder made if it is not there
 * @param every so many steps, and when the run ends
 * @param keepLast how many of the newest stay
 * @param keepBest whether the one after the best evaluation stays too
 */
public record CheckpointPlan(Path folder, int every, int keepLast, boolean keepBest) {
    /** Checks the numbers. */
    public CheckpointPlan {
        if (every < 1 || keepLast < 1) {
            throw new BoneException("checkpoints every " + every + " steps of which " + keepLast
                    + " are kept; expected at least 1 and 1");
        }
    }

    /** Returns checkpoints of which the last two, and the best, are kept. */
    public static CheckpointPlan of(Path folder, int every) {
        return new CheckpointPlan(folder, every, 2, true);
    }

    /** Returns the file of a step, which may not be there. */
    public Path file(int step) {
        return folder.resolve(String.format(Locale.ROOT, "step-%08d.safetensors", step));
    }

    /** Returns the newest checkpoint; empty if there is none. */
    public Optional<Path> newest() throws IOException {
        List<Path> all = all();
        return all.isEmpty() ? Optional.empty() : Optional.of(all.get(all.size() - 1));
    }

    /** Returns the checkpoint after the best evaluation; empty if there was none, or it is not kept. */
    public Optional<Path> best() throws IOException {
        Optional<Path> newest = newest();
        return newest.isEmpty()
                ? newest
                : Optional.of(file(Checkpoint.progress(newest.get()).bestStep()))
                        .filter(Files::exists);
    }

    /** The checkpoints, the oldest first. */
    List<Path> all() throws IOException {
        return files("step-\\d{8,}\\.safetensors");
    }

    private List<Path> files(String pattern) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().matches(pattern))
                    .sorted()
                    .toList();
        }
    }

    /** Makes the folder, and deletes what a run that was killed while it wrote has left there. */
    void prepare() throws IOException {
        Files.createDirectories(folder);
        for (Path unfinished : files("\\.step-\\d+\\.safetensors\\..*\\.tmp")) {
            Files.delete(unfinished);
        }
    }

    /** Deletes what need not be kept. */
    void prune(int bestStep) throws IOException {
        List<Path> all = all();
        for (Path old : all.subList(0, Math.max(0, all.size() - keepLast))) {
            if (!keepBest || !old.equals(file(bestStep))) {
                Files.delete(old);
            }
        }
    }
}
