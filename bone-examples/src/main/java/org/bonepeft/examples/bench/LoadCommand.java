package org.bonepeft.examples.bench;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.bonepeft.djl.model.llama.LlamaConfig;
import org.bonepeft.djl.model.llama.LlamaForCausalLm;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.examples.options.WeightOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bone bench load}: how long a model takes to load, and by how much the process grows. */
@Command(
        name = LoadCommand.NAME,
        description = {
            "Reads the weights of a LLaMA, Mistral or Qwen2 once from end to end, and loads the model until the first token"
                    + " has passed through it, which reads every layer.",
            "With --cold the files leave the system's memory before each of the two (needs dd of GNU coreutils)."
        },
        sortOptions = false)
final class LoadCommand implements Callable<Integer> {
    static final String NAME = "load";

    private final PrintStream out;

    @Option(names = "--model", required = true, paramLabel = "DIR", description = "Hugging Face folder")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private Path model;

    @Mixin
    private final WeightOptions weights = WeightOptions.bfloat16();

    @Option(names = "--cold", description = "from the disk")
    private boolean cold;

    LoadCommand(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(model)) {
            files = all.filter(file -> file.toString().endsWith(".safetensors"))
                    .sorted()
                    .toList();
        }
        evict(files);
        long start = System.nanoTime();
        double size = read(files) / Bench.MIB;
        double reading = seconds(start);
        try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
            forward(LlamaForCausalLm.create(tiny(), manager, 1), manager); // starts the engine
            ProcessMemory.trim();
            evict(files);
            double before = ProcessMemory.resident();
            ProcessMemory.resetPeak();
            start = System.nanoTime();
            LlamaForCausalLm loaded = LlamaForCausalLm.load(model, manager, weights.type());
            double loading = seconds(start);
            forward(loaded, manager);
            double ready = seconds(start);
            double peak = ProcessMemory.peak() - before;
            out.printf(
                    Locale.ROOT,
                    "%s in %s: %,.0f MiB of weights, read in %.2f s; loaded in %.2f s, first token after %.2f s;"
                            + " resident memory grew by %,.0f MiB at most, %.2f x the weights%n",
                    model,
                    weights.name(),
                    size,
                    reading,
                    loading,
                    ready,
                    peak,
                    peak / size);
        }
        return 0;
    }

    private static LlamaConfig tiny() {
        return LlamaConfig.builder()
                .setVocabSize(8)
                .setHiddenSize(8)
                .setIntermediateSize(8)
                .setLayers(1)
                .setHeads(1)
                .build();
    }

    private static void forward(LlamaForCausalLm model, NDManager manager) {
        try (NDManager scratch = manager.newSubManager()) {
            NDList ids = new NDList(scratch.create(new long[][] {{1}}));
            TorchAutograd.with(false, () -> model.forward(new ParameterStore(scratch, false), ids, false)
                            .singletonOrThrow())
                    .close();
        }
    }

    private static long read(List<Path> files) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
        long size = 0;
        for (Path file : files) {
            try (FileChannel channel = FileChannel.open(file)) {
                size += channel.size();
                while (channel.read(buffer.clear()) >= 0) {
                    // only to be read
                }
            }
        }
        return size;
    }

    private void evict(List<Path> files) {
        if (cold) {
            files.forEach(
                    file -> FreshProcess.run(1, Map.of(), List.of("dd", "if=" + file, "iflag=nocache", "count=0")));
        }
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }
}
