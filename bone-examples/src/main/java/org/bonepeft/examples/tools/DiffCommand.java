package org.bonepeft.examples.tools;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.bonepeft.examples.report.TextTable;
import org.bonepeft.merge.Comparison;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code bone diff}: everything that {@link Comparison} finds. */
@Command(
        name = "diff",
        description = {
            "Compares two models, adapters or safetensors files: tensors by name, whichever shard they are in, and the"
                    + " keys of the configurations.",
            "The exit code is 0 if they are the same, bit by bit, and 1 if not."
        })
public final class DiffCommand implements Callable<Integer> {
    private final PrintStream out;

    @Parameters(index = "0", paramLabel = "A", description = "directory or .safetensors file")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private Path a;

    @Parameters(index = "1", paramLabel = "B", description = "directory or .safetensors file")
    @SuppressWarnings("NullAway.Init")
    private Path b;

    /** Creates the command. */
    public DiffCommand(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() throws IOException {
        Comparison comparison = Comparison.of(a, b);
        out.printf(
                Locale.ROOT,
                "%,d tensors are the same, %,d are not%n",
                comparison.equal(),
                comparison.tensors().size());
        comparison.settings().forEach((key, values) -> out.println(key + ": " + values.get(0) + " | " + values.get(1)));
        if (!comparison.tensors().isEmpty()) {
            TextTable table = new TextTable(List.of("tensor", "difference", "elements", "largest", "relative"));
            comparison.tensors().forEach((name, difference) -> table.add(cells(name, difference)));
            out.print("\n" + table);
        }
        return comparison.same() ? 0 : 1;
    }

    private static List<String> cells(String name, Comparison.Difference difference) {
        if (difference instanceof Comparison.OnlyIn only) {
            return List.of(name, "only in " + only.path(), "", "", "");
        }
        if (difference instanceof Comparison.OtherKind other) {
            return List.of(name, other.a() + " | " + other.b(), "", "", "");
        }
        Comparison.Values values = (Comparison.Values) difference;
        return List.of(
                name,
                values.types(),
                String.format(Locale.ROOT, "%,d", values.count()),
                number(values.largest()),
                number(values.relative()));
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.3g", value);
    }
}
