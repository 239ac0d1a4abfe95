package org.bonepeft.examples.bench;

import java.io.PrintStream;
import picocli.CommandLine.Command;

/** {@code bone bench layers}: single adapted layers, op by op, beside the literal way to compute Bat. */
@Command(
        name = "layers",
        description = {
            "Times single adapted layers, one engine call for each operation, each line in a fresh process.",
            "bat-literal computes Bat as PEFT does, by permuted copies of the weight."
        },
        sortOptions = false)
final class LayersCommand extends BenchCommand {
    LayersCommand(PrintStream out, PrintStream err) {
        super(Workloads.LAYERS, out, err);
    }
}
