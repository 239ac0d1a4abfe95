package org.bonepeft.examples.bench;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.djl.torch.NativeMemory;
import org.bonepeft.examples.Devices;
import org.bonepeft.tensor.DType;

/** Runs one line of the benchmark in this process. */
final class Worker {
    private static final int MEMORY_STEPS = 3;

    /** Of the loops that other programs have, the one that is like ours. */
    private static final String LOOP = "plain";

    private final Job job;
    private final Workloads workloads;
    private final Fields work;
    private final Device device;

    Worker(Job job) throws IOException {
        this.job = job;
        workloads = Workloads.read(job.workloads());
        work = workloads.find(job.name());
        device = Devices.of(job.device());
    }

    /** Returns the work, ready to run. */
    Work prepare() {
        DType type = Bench.type(job.dtype());
        String method = job.method();
        Draws draws = workloads.draws();
        NDManager manager = NDManager.newBaseManager(device, Bench.ENGINE);
        return switch (work.text("kind")) {
            case "linear" -> LinearWork.of(manager, work, BenchMethod.of(method, work), type, draws);
            case "layer" -> OpByOpWork.of(manager, work, method, draws);
            case "wkv" -> new WkvWork(manager, work, method, draws);
            case "train" -> train(manager, BenchMethod.of(method, work), type);
            case "generate" ->
                new GenerateWork(
                        manager,
                        work,
                        BenchMethod.of(method.replace(GenerateWork.MERGED, ""), work),
                        method.endsWith(GenerateWork.MERGED),
                        type,
                        workloads);
            default -> throw unknown("kind");
        };
    }

    private Work train(NDManager manager, Optional<AdapterMethod> method, DType type) {
        return switch (work.text("model")) {
            case "llama" -> LlamaWork.of(manager, work, method, type, workloads);
            case "rwkv6" -> RwkvWork.of(manager, work, method, type, workloads);
            case "roberta" -> RobertaWork.of(manager, work, method, type, workloads);
            default -> throw unknown("model");
        };
    }

    private BoneException unknown(String field) {
        return new BoneException(job.name() + ": this program does not know the " + field + " " + work.text(field));
    }

    /** Times the steps, in a process that keeps freed memory as training does. */
    Measurement time() {
        NativeMemory.keepFreed();
        try (Work ready = prepare()) {
            double gemmBefore = Bench.gemm(device);
            int warmup = work.integer("warmup");
            double[] ms = new double[job.steps() > 0 ? job.steps() : work.integer("steps")];
            ProcessMemory.trim();
            ProcessMemory.resetPeak();
            double before = ProcessMemory.resident();
            for (int i = -warmup; i < ms.length; i++) {
                long start = System.nanoTime();
                ready.step();
                if (i >= 0) {
                    ms[i] = (System.nanoTime() - start) / 1e6;
                }
            }
            double peak = ProcessMemory.peak();
            double median = Bench.median(ms);
            return new Measurement(
                    job.name(),
                    job.method(),
                    job.dtype(),
                    work.has("loops") ? LOOP : null,
                    "bone",
                    job.device(),
                    job.threads(),
                    ms.length,
                    warmup,
                    median,
                    Arrays.stream(ms).min().orElseThrow(),
                    Arrays.stream(ms).max().orElseThrow(),
                    ready.tokens() / median * 1e3,
                    before,
                    peak,
                    peak - before,
                    null,
                    ready.trainable(),
                    ready.check(),
                    List.of(gemmBefore, Bench.gemm(device)),
                    "DJL " + Engine.getDjlVersion() + ", PyTorch "
                            + Engine.getEngine(Bench.ENGINE).getVersion());
        }
    }

    /**
     * Returns by how many MiB a step lets the resident memory grow at most, the median of some steps. Where malloc gives
     * every larger block back at once, that is the peak of the tensors and of what the kernels need beside them.
     */
    double allocPeak() {
        try (Work ready = prepare()) {
            for (int i = 0; i < 2; i++) {
                ready.step();
            }
            double[] growth = new double[MEMORY_STEPS];
            for (int i = 0; i < growth.length; i++) {
                ProcessMemory.trim();
                ProcessMemory.resetPeak();
                double before = ProcessMemory.resident();
                ready.step();
                growth[i] = ProcessMemory.peak() - before;
            }
            return Bench.median(growth);
        }
    }
}
