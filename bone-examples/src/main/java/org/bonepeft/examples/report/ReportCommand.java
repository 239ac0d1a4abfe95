package org.bonepeft.examples.report;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.bonepeft.BoneException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code bone report}: training logs as one HTML file, and as pictures. */
@Command(
        name = "report",
        description = {
            "Makes one HTML file of training logs (JSON lines), also of runs that are under way: results, curves laid over"
                    + " each other, settings. It opens without a network."
        },
        sortOptions = false)
public final class ReportCommand implements Callable<Integer> {
    private final PrintStream out;

    @Parameters(arity = "1..*", paramLabel = "LOG", description = "logs of runs")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private List<Path> logs;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "the HTML file to write")
    @SuppressWarnings("NullAway.Init")
    private Path file;

    @Option(names = "--png", paramLabel = "DIR", description = "write each chart as a PNG into this folder too")
    private @Nullable Path pictures;

    @Option(
            names = "--title",
            paramLabel = "TEXT",
            defaultValue = "Training runs",
            description = "of the page (default: ${DEFAULT-VALUE})")
    @SuppressWarnings("NullAway.Init")
    private String title;

    /** Creates the command; what was written is said on {@code out}. */
    public ReportCommand(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() throws IOException {
        List<RunLog> runs = new ArrayList<>();
        for (Path log : logs) {
            if (!Files.isRegularFile(log)) {
                throw new BoneException("no log " + log + "; expected a file that a JsonLinesLog wrote");
            }
            RunLog run = RunLog.read(log);
            if (runs.stream().anyMatch(other -> other.name().equals(run.name()))) {
                throw new BoneException("two logs are named " + run.name() + "; give the files different names");
            }
            runs.add(run);
        }
        HtmlReport.write(file, title, runs);
        if (pictures != null) {
            Files.createDirectories(pictures);
            for (Map.Entry<String, Chart> chart : RunCharts.of(runs).entrySet()) {
                Files.write(
                        pictures.resolve(chart.getKey() + ".png"),
                        chart.getValue().png());
            }
        }
        out.println("written to " + file);
        return 0;
    }
}
