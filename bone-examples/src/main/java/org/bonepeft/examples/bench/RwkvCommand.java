package org.bonepeft.examples.bench;

import java.io.PrintStream;
import picocli.CommandLine.Command;

/** {@code bone bench rwkv}: RWKV-6 with adapters, and its recurrence alone. */
@Command(
        name = "rwkv",
        description = {
            "Times training steps of RWKV-6 and its recurrence alone, each line in a fresh process.",
            "scan goes token by token, chunked by matrix products over 32 tokens; their check values must agree."
        },
        sortOptions = false)
final class RwkvCommand extends BenchCommand {
    RwkvCommand(PrintStream out, PrintStream err) {
        super(Workloads.RWKV, out, err);
    }
}
