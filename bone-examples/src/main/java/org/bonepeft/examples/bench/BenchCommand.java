package org.bonepeft.examples.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.bonepeft.BoneException;
import org.bonepeft.examples.options.DeviceOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bone bench}: times training steps and generation, each line in a fresh process. */
@Command(
        name = "bench",
        description = {
            "Times training steps and generation, each line in a fresh process, and checks their values.",
            "Prints Markdown. The check values must agree with those of other programs that run the same workloads:"
                    + " 1e-4 relative in float32, 2e-2 in bfloat16; if one does not, the exit code is 1."
        },
        sortOptions = false)
public class BenchCommand implements Callable<Integer> {
    private final String bundled;
    private final PrintStream out;
    private final PrintStream err;

    @Option(names = "--workloads", paramLabel = "FILE", description = "what to run (default: the bundled one)")
    private @Nullable Path workloads;

    @Option(
            names = "--case",
            split = ",",
            paramLabel = "C",
            description = "cases, by how their names begin (default: all)")
    private List<String> cases = List.of();

    @Option(names = "--method", split = ",", paramLabel = "M", description = "default: those of each case")
    private List<String> methods = List.of();

    @Option(names = "--dtype", split = ",", paramLabel = "T", description = "default: those of each case")
    private List<String> dtypes = List.of();

    @Mixin
    private final DeviceOptions hardware = new DeviceOptions(Bench.THREADS);

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "0",
            description = "timed steps (default: those of each case)")
    private int steps;

    @Option(
            names = "--repeat",
            paramLabel = "N",
            defaultValue = "1",
            description = "processes for each line (default: 1)")
    private int repeat;

    @Option(names = "--no-memory", description = "leave out the second process that measures the memory of a step")
    private boolean withoutMemory;

    @Option(names = "--json", paramLabel = "FILE", description = "append a JSON object for each line")
    private @Nullable Path json;

    @Option(names = "--compare", paramLabel = "FILE", description = "JSON lines of another run to put beside this one")
    private @Nullable Path compare;

    @Option(
            names = "--against",
            paramLabel = "COMMAND",
            description =
                    "another program that takes --case, --method, --dtype, --threads, --steps and --json as this one"
                            + " does; run in turns with it, line by line, and put beside it")
    private @Nullable String against;

    BenchCommand(String bundled, PrintStream out, PrintStream err) {
        this.bundled = bundled;
        this.out = out;
        this.err = err;
    }

    /** Returns the command with its subcommands; tables go to {@code out}, progress to {@code err}. */
    public static CommandLine program(PrintStream out, PrintStream err) {
        return new CommandLine(new BenchCommand(Workloads.MODELS, out, err))
                .addSubcommand(new LayersCommand(out, err))
                .addSubcommand(new LoopCommand(out))
                .addSubcommand(new LoadCommand(out))
                .addSubcommand(new RwkvCommand(out, err))
                .addSubcommand(new WorkerCommand(out));
    }

    @Override
    public Integer call() throws IOException {
        List<Measurement> ours = new ArrayList<>();
        List<Measurement> others = new ArrayList<>(compare == null ? List.of() : Measurement.read(compare));
        List<String> failures = new ArrayList<>();
        String file = workloads == null ? bundled : workloads.toAbsolutePath().toString();
        List<Job> jobs = jobs(file);
        for (int round = 0; round < repeat; round++) {
            for (Job job : jobs) {
                try {
                    others.addAll(runOther(job));
                    ours.add(run(job, round));
                } catch (BoneException e) {
                    failures.add(job.name() + " " + job.method() + " " + job.dtype() + ": " + e.getMessage());
                    err.println(failures.get(failures.size() - 1));
                }
            }
        }
        Comparison comparison = new Comparison(ours, others);
        out.print(comparison.table());
        out.print(comparison.ratios());
        failures.addAll(comparison.disagreements());
        failures.forEach(err::println);
        return failures.isEmpty() ? 0 : 1;
    }

    private List<Job> jobs(String file) throws IOException {
        Workloads all = Workloads.read(file);
        List<Job> jobs = new ArrayList<>();
        for (String name : all.cases(cases)) {
            Fields work = all.find(name);
            for (String dtype : dtypes.isEmpty() ? work.texts("dtypes") : dtypes) {
                for (String method : methods.isEmpty() ? methods(work) : methods) {
                    jobs.add(new Job(file, name, method, dtype, hardware.name(), hardware.threads(), steps));
                }
            }
        }
        return jobs;
    }

    private static List<String> methods(Fields work) {
        List<String> all = new ArrayList<>();
        for (String method : work.texts("methods")) {
            all.add(method);
            if (work.has("merged") && !method.equals("none")) {
                all.add(method + GenerateWork.MERGED);
            }
        }
        return all;
    }

    /** The memory repeats well, so the first round alone measures it. */
    private Measurement run(Job job, int round) throws IOException {
        List<String> arguments = List.of("bench", WorkerCommand.NAME, job.json());
        Measurement timed = Measurement.of(FreshProcess.bone(hardware.threads(), Map.of(), arguments));
        if (!withoutMemory && round == 0) {
            List<String> memory = new ArrayList<>(arguments);
            memory.add(WorkerCommand.MEMORY);
            timed = timed.withAllocPeak(
                    Double.parseDouble(FreshProcess.bone(hardware.threads(), FreshProcess.EXACT_MEMORY, memory)));
        }
        if (json != null) {
            timed.append(json);
        }
        err.println(Comparison.progress(timed));
        return timed;
    }

    private List<Measurement> runOther(Job job) throws IOException {
        if (against == null) {
            return List.of();
        }
        Path lines = Files.createTempFile("bench", ".jsonl");
        try {
            List<String> command = new ArrayList<>(Arrays.asList(against.trim().split("\\s+")));
            command.addAll(job.options());
            command.addAll(List.of("--json", lines.toString()));
            FreshProcess.run(hardware.threads(), Map.of(), command);
            List<Measurement> measured = Measurement.read(lines);
            for (Measurement line : measured) {
                if (json != null) {
                    line.append(json);
                }
            }
            return measured;
        } finally {
            Files.delete(lines);
        }
    }
}
