package org.bonepeft.examples.tools;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.AdapterMethods;
import org.bonepeft.adapter.Lora;
import org.bonepeft.examples.report.TextTable;
import org.bonepeft.examples.report.WorkProgress;
import org.bonepeft.merge.Conversion;
import org.bonepeft.peft.PeftAdapter;
import org.bonepeft.peft.PeftType;
import org.bonepeft.peft.RwkvPeft;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code bone convert}: {@link Conversion}, {@link PeftAdapter#as} and {@link RwkvPeft}. */
@Command(
        name = "convert",
        description = {
            "Writes an adapter as one of another kind.",
            "miss and bone are two names of one thing. A Bone or MiSS-mini is a LoRA of its rank exactly, and a LoRA that"
                    + " was made so is a Bone again. Any other method becomes the nearest LoRA of a rank, by singular"
                    + " value decomposition; what that loses is printed for each layer."
        },
        sortOptions = false)
public final class ConvertCommand implements Callable<Integer> {
    private final PrintStream out;
    private final PrintStream err;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Parameters(paramLabel = "ADAPTER", description = "adapter directory, or a .safetensors file of RWKV-PEFT")
    @SuppressWarnings("NullAway.Init")
    private Path adapter;

    @Option(names = "--to", required = true, paramLabel = "KIND", description = "miss, bone, lora or rwkv-peft")
    @SuppressWarnings("NullAway.Init")
    private Kind kind;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "PATH",
            description = "adapter directory to write, or for rwkv-peft the .safetensors file; not there yet")
    @SuppressWarnings("NullAway.Init")
    private Path output;

    @Option(
            names = "--base",
            paramLabel = "DIR",
            description = "Hugging Face directory of the base model, which --to lora needs: for the layers' sizes, and"
                    + " because a Bat's DeltaW depends on the weight")
    private @Nullable Path base;

    @Option(
            names = "--rank",
            paramLabel = "N",
            description = "of the LoRA (default: the adapter's own; twice that for PiSSA and OLoRA)")
    private @Nullable Integer rank;

    @Option(
            names = "--method",
            paramLabel = "M",
            description =
                    "what an RWKV-PEFT file holds, which it does not say itself: bone, bat-row or lora; RWKV-PEFT's"
                            + " own Bat is bat-row")
    private @Nullable String method;

    @Option(
            names = "--alpha",
            paramLabel = "X",
            description = "of the LoRA in an RWKV-PEFT file, which does not say it (default: its rank)")
    private @Nullable Double alpha;

    /** Creates the command; progress goes to {@code err}. */
    public ConvertCommand(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    /** What to write. */
    enum Kind {
        MISS,
        BONE,
        LORA,
        RWKV_PEFT;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    @Override
    public Integer call() throws IOException {
        if (rank != null && (kind != Kind.LORA || rank < 1)) {
            throw new ParameterException(spec.commandLine(), "--rank is for --to lora, from 1 on; given " + rank);
        }
        if (kind == Kind.RWKV_PEFT && !output.toString().endsWith(".safetensors")) {
            throw new ParameterException(
                    spec.commandLine(), "--out must be a .safetensors file for --to rwkv-peft; given " + output);
        }
        if (Files.exists(output)) {
            throw new BoneException("output " + output + " exists already; remove it or choose another --out");
        }
        PeftAdapter read = read();
        int layers = read.layers().size();
        switch (kind) {
            case MISS -> Conversion.toMiss(read).write(output);
            case BONE -> Conversion.toMiss(read).as(PeftType.BONE).write(output);
            case LORA -> toLora(read);
            case RWKV_PEFT -> toRwkv(read);
        }
        out.printf("%s: %d layers as %s%n", output, layers, kind);
        return 0;
    }

    private PeftAdapter read() throws IOException {
        if (Files.isDirectory(adapter)) {
            if (method != null || alpha != null) {
                throw new ParameterException(
                        spec.commandLine(),
                        "--method and --alpha are for a file of RWKV-PEFT; a directory says what it holds");
            }
            return PeftAdapter.read(adapter);
        }
        if (method == null) {
            throw new ParameterException(
                    spec.commandLine(), adapter + " is a file of RWKV-PEFT; say what it holds with --method");
        }
        int own = RwkvPeft.rank(adapter);
        AdapterMethods.Settings settings = new AdapterMethods.Settings(own, alpha == null ? own : alpha, 0, own, own);
        return RwkvPeft.read(adapter, AdapterMethods.of(method, settings));
    }

    private void toLora(PeftAdapter read) throws IOException {
        if (base == null) {
            throw new ParameterException(spec.commandLine(), "--to lora needs --base, the model that it belongs on");
        }
        Conversion.Converted lora;
        try (Conversion conversion = Conversion.on(base);
                WorkProgress progress =
                        WorkProgress.ofLayers("convert", read.layers().size(), err)) {
            lora = conversion.toLora(read, Optional.ofNullable(rank), () -> progress.accept(1));
        }
        lora.adapter().write(output);
        print(lora);
    }

    private void print(Conversion.Converted lora) {
        double largest = lora.errors().values().stream()
                .mapToDouble(error -> error)
                .max()
                .orElse(0);
        if (largest == 0) {
            out.println("exact: nothing is lost");
            return;
        }
        TextTable table = new TextTable(List.of("layer", "rank", "lost"));
        lora.errors().forEach((path, error) -> {
            int own = lora.adapter().config().method(path).rank();
            table.add(List.of(path, Integer.toString(own), number(error)));
        });
        out.print(table);
        out.println("lost is ||DeltaW - B A|| / ||DeltaW||, in the Frobenius norm; at most " + number(largest) + "\n");
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.2e", value);
    }

    private void toRwkv(PeftAdapter read) throws IOException {
        RwkvPeft.write(read, output);
        if (read.config().method() instanceof Lora lora) {
            out.printf(Locale.ROOT, "the file cannot say the LoRA's alpha, which is %s%n", lora.alpha());
        }
    }
}
