package org.bonepeft.merge;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongConsumer;
import org.bonepeft.io.OutputFolder;
import org.bonepeft.peft.AdapterFile;
import org.bonepeft.peft.PeftException;

/**
 * {@code W + DeltaW} for every adapted layer of a model on disk, written as a model of its own; or W again from that.
 * Weights stream from mapped files through a few rows at a time, so that memory holds the adapter of one layer and little
 * more; sums are made in float64 and rounded once, to the base's own type, to nearest, ties to even.
 *
 * <p>The result has the base's files: the same shards, index, configuration and tokenizer. It appears when it is complete.
 * Memory grows with a tensor's size in three cases only: whole modules that the adapter brings, a base with
 * {@code fan_in_fan_out}, whose weights are transposed, and PiSSA or OLoRA that were not saved as plain LoRA, whose start
 * has to be computed again from the weight.
 */
public final class OfflineMerge {
    private OfflineMerge() {}

    /**
     * How to work.
     *
     * @param threads how many compute; one more writes
     * @param force whether the result is forced to disk before it appears; else a power failure soon afterwards can
     *     spoil it, a program that is killed cannot
     * @param progress is told of bytes as they are written; {@link #bytes} are all
     */
    public record Settings(int threads, boolean force, LongConsumer progress) {
        /** Checks the number of threads. */
        public Settings {
            if (threads < 1) {
                throw new PeftException("merging needs at least one thread, not " + threads);
            }
        }

        /** Creates settings with as many threads as processors that nobody watches. */
        public Settings() {
            this(Runtime.getRuntime().availableProcessors(), false, bytes -> {});
        }
    }

    /**
     * What was done.
     *
     * @param layers how many weights were changed
     * @param saved how many whole tensors came from the adapter
     * @param bytes of all weights
     * @param notes what the user should know
     */
    public record Result(int layers, int saved, long bytes, List<String> notes) {}

    /** Returns the number of bytes of the weights of a model directory. */
    public static long bytes(Path model) throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(model)) {
            return checkpoint.bytes();
        }
    }

    /**
     * Writes the model {@code base} with {@code adapter} merged into it.
     *
     * @param base a model directory
     * @param adapter an adapter directory
     * @param out a directory that is not there yet, or empty
     * @throws PeftException if the adapter does not fit the model, or a merged element is not finite; {@code out} is
     *     then as it was
     * @throws IOException if a file cannot be read or written; {@code out} is then as it was
     */
    public static Result merge(Path base, Path adapter, Path out, Settings settings) throws IOException {
        return run(base, adapter, out, settings, true);
    }

    /**
     * Writes the model from before {@link #merge}, up to rounding, given what that wrote.
     *
     * @throws org.bonepeft.BoneException if merging lost what it started from: DoRA, starts that change the weight,
     *     whole modules that were replaced, a Bat with singular I + B
     */
    public static Result unmerge(Path merged, Path adapter, Path out, Settings settings) throws IOException {
        return run(merged, adapter, out, settings, false);
    }

    private static Result run(Path base, Path adapter, Path out, Settings settings, boolean forward)
            throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(base);
                AdapterFile file = AdapterFile.open(adapter);
                Workers workers = new Workers(settings.threads(), settings.progress());
                OutputFolder folder = OutputFolder.open(out)) {
            MergePlan plan = new MergePlan(checkpoint, file, forward);
            Result result = plan.write(folder.path(), workers);
            folder.commit(settings.force());
            return result;
        }
    }
}
