package org.bonepeft.examples.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.examples.options.DeviceOptions;
import org.bonepeft.examples.options.WeightOptions;
import org.bonepeft.examples.plan.Activations;
import org.bonepeft.examples.plan.Plan;
import org.bonepeft.examples.plan.Sequences;
import org.bonepeft.examples.report.TextTable;
import org.bonepeft.peft.Targets;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bone bench loop}: the FineTuner beside a loop by hand, and what activation checkpointing saves. */
@Command(
        name = LoopCommand.NAME,
        description = {
            "Times a step of the FineTuner beside the same step by hand, in turns in one process, and one whose layers are"
                    + " computed again; and measures the peak of a step's memory, in fresh processes, with and without"
                    + " activation checkpointing; that on the CPU only."
        },
        sortOptions = false)
final class LoopCommand implements Callable<Integer> {
    static final String NAME = "loop";

    private static final String MEMORY = "--memory-of";

    private final PrintStream out;

    @Option(
            names = "--case",
            split = ",",
            paramLabel = "C",
            defaultValue = "llama-tiny,llama-small",
            description = "training cases (default: ${DEFAULT-VALUE})")
    private List<String> cases = List.of();

    @Option(names = "--method", split = ",", paramLabel = "M", description = "default: those of each case")
    private List<String> methods = List.of();

    @Mixin
    private final WeightOptions weights = WeightOptions.float32();

    @Mixin
    private final DeviceOptions hardware = new DeviceOptions(Bench.THREADS);

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "9",
            description = "turns; 0 times nothing (default: 9)")
    private int rounds;

    @Option(names = "--steps", paramLabel = "N", defaultValue = "10", description = "of a turn (default: 10)")
    private int steps;

    @Option(names = "--no-memory", description = "leave out the memory")
    private boolean withoutMemory;

    @Option(names = MEMORY, hidden = true, defaultValue = "", description = "plain or recomputed: measure one, here")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private String memoryOf;

    LoopCommand(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() throws IOException {
        hardware.start(0);
        if (!memoryOf.isEmpty()) {
            try (TrainWork work = prepare(cases.get(0), methods.get(0))) {
                out.println(Bench.median(work.peaks(memoryOf.equals("recomputed"))));
            }
            return 0;
        }
        TextTable table = new TextTable(List.of(
                "case",
                "method",
                "by hand ms",
                "tuner ms",
                "ratio",
                "recomputed ms",
                "peak MiB",
                "planned",
                "recomputed MiB",
                "planned"));
        Workloads workloads = Workloads.read(Workloads.MODELS);
        for (String name : cases) {
            for (String method : methods.isEmpty() ? workloads.find(name).texts("methods") : methods) {
                if (!method.equals("none")) {
                    table.add(line(name, method));
                }
            }
        }
        out.print(table);
        return 0;
    }

    private List<String> line(String name, String method) throws IOException {
        double[] hand = new double[rounds];
        double[] tuner = new double[rounds];
        double[] again = new double[rounds];
        Activations planned;
        try (TrainWork work = prepare(name, method)) {
            planned = planned(work, name, method);
            for (int round = rounds == 0 ? 0 : -1; round < rounds; round++) {
                double byHand = Bench.median(work.steps(steps));
                double byTuner = Bench.median(work.tunerSteps(steps, false));
                double recomputed = Bench.median(work.tunerSteps(steps, true));
                if (round >= 0) {
                    hand[round] = byHand;
                    tuner[round] = byTuner;
                    again[round] = recomputed;
                }
            }
        }
        double[] ratios = new double[rounds];
        Arrays.setAll(ratios, round -> tuner[round] / hand[round]);
        boolean measures = !withoutMemory && !hardware.device().isGpu();
        double plain = measures ? peak(name, method, "plain") : Double.NaN;
        double recomputed = measures ? peak(name, method, "recomputed") : Double.NaN;
        return List.of(
                name,
                method,
                rounds == 0 ? "" : format("%.2f", Bench.median(hand)),
                rounds == 0 ? "" : format("%.2f", Bench.median(tuner)),
                rounds == 0 ? "" : format("%.3f", Bench.median(ratios)),
                rounds == 0 ? "" : format("%.2f", Bench.median(again)),
                format("%.1f", plain),
                format("%.1f", planned.kept() / Bench.MIB),
                format("%.1f", recomputed),
                format("%.1f", planned.recomputed() / Bench.MIB));
    }

    private Activations planned(TrainWork work, String name, String method) throws IOException {
        Fields fields = Workloads.read(Workloads.MODELS).find(name);
        AdapterMethod adapter = BenchMethod.of(method, fields).orElseThrow();
        Targets targets = Targets.of(fields.texts("targets"));
        Sequences sequences = new Sequences(work.tokens(), fields.integer("sequence"));
        return Plan.of(work.model(), adapter, targets, sequences, weights.type())
                .activations();
    }

    private double peak(String name, String method, String what) {
        return Double.parseDouble(FreshProcess.bone(
                hardware.threads(),
                FreshProcess.EXACT_MEMORY,
                List.of("bench", NAME, "--case", name, "--method", method, "--dtype", weights.name(), MEMORY, what)));
    }

    private TrainWork prepare(String name, String method) throws IOException {
        Job job = new Job(Workloads.MODELS, name, method, weights.name(), hardware.name(), hardware.threads(), 0);
        if (new Worker(job).prepare() instanceof TrainWork work) {
            return work;
        }
        throw new BoneException(name + " trains no model; choose another case");
    }

    private static String format(String format, double value) {
        return Double.isNaN(value) ? "" : String.format(Locale.ROOT, format, value);
    }
}
