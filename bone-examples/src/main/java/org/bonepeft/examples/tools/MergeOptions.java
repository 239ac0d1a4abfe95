package org.bonepeft.examples.tools;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;
import org.bonepeft.examples.report.WorkProgress;
import org.bonepeft.merge.OfflineMerge;
import picocli.CommandLine.Option;

/** What merge and unmerge have in common. */
final class MergeOptions {
    @Option(
            names = "--adapter",
            required = true,
            paramLabel = "DIR",
            description = "directory with adapter_config.json and adapter_model.safetensors")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private Path adapter;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "DIR",
            description = "directory to write, which is not there yet, or empty; it appears when it is complete")
    @SuppressWarnings("NullAway.Init")
    private Path out;

    @Option(names = "--threads", paramLabel = "N", description = "default: as many as processors")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--sync",
            description = "force everything to disk before the result appears, against a power failure; slower")
    private boolean sync;

    /** {@link OfflineMerge#merge} or {@link OfflineMerge#unmerge}. */
    interface Work {
        OfflineMerge.Result run(Path model, Path adapter, Path out, OfflineMerge.Settings settings) throws IOException;
    }

    /** Works on a model, and tells how far it is, what was done and what to know. */
    int run(String name, Path model, Work work, PrintStream output, PrintStream err) throws IOException {
        OfflineMerge.Result result;
        double seconds;
        try (WorkProgress progress = WorkProgress.ofBytes(name, OfflineMerge.bytes(model), err)) {
            result = work.run(model, adapter, out, new OfflineMerge.Settings(threads, sync, progress));
            seconds = progress.seconds();
        }
        double megabytes = result.bytes() / 1e6;
        output.printf(
                Locale.ROOT,
                "%s: %,.1f MB in %.1f s, %,.0f MB/s; %d layers changed%s%n",
                out,
                megabytes,
                seconds,
                megabytes / seconds,
                result.layers(),
                result.saved() == 0 ? "" : ", " + result.saved() + " whole tensors from the adapter");
        result.notes().forEach(output::println);
        return 0;
    }
}
