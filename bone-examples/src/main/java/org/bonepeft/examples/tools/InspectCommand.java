package org.bonepeft.examples.tools;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.examples.report.TextTable;
import org.bonepeft.examples.report.WorkProgress;
import org.bonepeft.json.Json;
import org.bonepeft.merge.Inspection;
import org.bonepeft.safetensors.TensorInfo;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code bone inspect}: everything that {@link Inspection} finds. */
@Command(
        name = "inspect",
        description = {
            "Shows what a model directory, an adapter directory or a safetensors file holds: configuration, tensors with"
                    + " types, sizes and norms, and what is odd about them.",
            "The norm is the square root of the sum of squares, largest the largest magnitude; both leave out elements"
                    + " that are not finite, which are listed as odd."
        })
public final class InspectCommand implements Callable<Integer> {
    private final PrintStream out;
    private final PrintStream err;

    @Parameters(paramLabel = "PATH", description = "directory of a model or an adapter, or a .safetensors file")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private Path path;

    /** Creates the command; progress goes to {@code err}. */
    public InspectCommand(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() throws IOException {
        Inspection found;
        try (WorkProgress progress = WorkProgress.ofBytes("inspect", Inspection.bytes(path), err)) {
            found = Inspection.of(path, progress);
        }
        String types = found.bytesByType().entrySet().stream()
                .map(type -> type.getKey() + " " + megabytes(type.getValue()))
                .collect(Collectors.joining(", "));
        out.printf(
                Locale.ROOT,
                "%s, %s: %,d tensors, %,d elements, %s%n",
                path,
                found.kind(),
                found.tensors().size(),
                found.elements(),
                types);
        methods(found).forEach((method, layers) -> out.println(layers + " layers with " + method));
        found.config().forEach((key, value) -> {
            if (value != null) {
                out.println("  " + key + ": " + Json.print(value).replaceAll("\\s*\\n\\s*", " "));
            }
        });
        out.println();
        out.print(table(found));
        if (!found.odd().isEmpty()) {
            out.println("\nOdd:");
            found.odd().forEach(out::println);
        }
        return 0;
    }

    private static Map<AdapterMethod, Long> methods(Inspection found) {
        return found.methods().values().stream()
                .collect(Collectors.groupingBy(method -> method, LinkedHashMap::new, Collectors.counting()));
    }

    private static TextTable table(Inspection found) {
        TextTable table = new TextTable(List.of("tensor", "type", "shape", "size", "norm", "largest"));
        found.tensors().forEach((name, tensor) -> {
            TensorInfo info = tensor.info();
            boolean floating = info.dtype().isFloating();
            table.add(List.of(
                    name,
                    info.dtype().toString(),
                    info.shape().toString(),
                    megabytes(info.byteSize()),
                    floating ? number(tensor.norm()) : "",
                    floating ? number(tensor.largest()) : ""));
        });
        return table;
    }

    private static String megabytes(long bytes) {
        return String.format(Locale.ROOT, "%,.3f MB", bytes / 1e6);
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.5g", value);
    }
}
