package org.bonepeft.peft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.stream.JsonReader;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bonepeft.safetensors.TensorData;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

class AdapterDirectoryTest {
    private static final String CONFIG = "adapter_config.json";
    private static final String WEIGHTS = "adapter_model.safetensors";
    private static final String NEW_CONFIG = ".adapter_config.new.json";
    private static final String NEW_WEIGHTS = ".adapter_model.new.safetensors";

    private static final PeftAdapter OLD = SavingProgram.OLD;
    private static final PeftAdapter NEW = SavingProgram.NEW;

    /** What the program needs, and no more, so that it starts quickly. */
    private static final String CLASS_PATH = Stream.of(
                    SavingProgram.class, PeftAdapter.class, JsonReader.class, LoggerFactory.class)
            .map(type -> Path.of(URI.create(type.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toString()))
                    .toString())
            .collect(Collectors.joining(File.pathSeparator));

    @TempDir
    Path directory;

    @Test
    void otherFiles_stay() throws IOException {
        Files.writeString(directory.resolve("README.md"), "mine");
        OLD.write(directory);
        NEW.write(directory);
        assertThat(directory.resolve("README.md")).hasContent("mine");
        Samples.assertSame(PeftAdapter.read(directory), NEW);
        assertThat(names()).containsExactlyInAnyOrder("README.md", CONFIG, WEIGHTS);
    }

    @Test
    void writerThatDied_afterTheWeights_leavesTheOldAdapter() throws IOException {
        OLD.write(directory);
        Files.copy(written(NEW).resolve(WEIGHTS), directory.resolve(NEW_WEIGHTS));
        Samples.assertSame(PeftAdapter.read(directory), OLD);
        OLD.write(directory);
        assertThat(names()).containsExactlyInAnyOrder(CONFIG, WEIGHTS);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void writerThatDied_afterTheConfiguration_leavesTheNewAdapter(int steps) throws IOException {
        OLD.write(directory);
        Path complete = written(NEW);
        Files.copy(complete.resolve(WEIGHTS), directory.resolve(NEW_WEIGHTS));
        Files.copy(complete.resolve(CONFIG), directory.resolve(NEW_CONFIG));
        if (steps > 0) {
            Files.delete(directory.resolve(CONFIG));
        }
        if (steps > 1) {
            Files.delete(directory.resolve(WEIGHTS));
            Files.move(directory.resolve(NEW_WEIGHTS), directory.resolve(WEIGHTS));
        }
        Samples.assertSame(PeftAdapter.read(directory), NEW);
        NEW.write(directory);
        Samples.assertSame(PeftAdapter.read(directory), NEW);
        assertThat(names()).containsExactlyInAnyOrder(CONFIG, WEIGHTS);
    }

    private Path written(PeftAdapter adapter) throws IOException {
        Path other = Files.createDirectory(directory.resolveSibling(directory.getFileName() + "-other"));
        adapter.write(other);
        return other;
    }

    @Test
    void diskThatIsFull_leavesTheOldAdapter() throws IOException {
        OLD.write(directory);
        List<TensorData> failing = List.of(new TensorData("x", DType.F32, Shape.of(1), out -> {
            throw new IOException("No space left on device");
        }));
        for (PeftAdapter adapter : List.of(OLD, NEW)) {
            assertThatThrownBy(() ->
                            AdapterDirectory.write(directory, adapter.config().toJson(), failing))
                    .isInstanceOf(IOException.class)
                    .hasMessage("No space left on device");
            Samples.assertSame(PeftAdapter.read(directory), OLD);
            assertThat(names()).containsExactlyInAnyOrder(CONFIG, WEIGHTS);
        }
    }

    @Test
    void readers_whileAnotherThreadSaves_seeOneAdapterOrTheOther() throws Exception {
        OLD.write(directory);
        AtomicBoolean done = new AtomicBoolean();
        ExecutorService reader = Executors.newSingleThreadExecutor();
        Future<Integer> reads = reader.submit(() -> {
            int count = 0;
            for (; !done.get(); count++) {
                assertWhole(PeftAdapter.read(directory));
            }
            return count;
        });
        for (int i = 0; i < 20; i++) {
            (i % 2 == 0 ? NEW : OLD).write(directory);
        }
        done.set(true);
        assertThat(reads.get()).isPositive();
        reader.shutdown();
    }

    @Test
    void process_killedWhileItSaves_leavesOneAdapterOrTheOther() throws Exception {
        int kills = 200;
        ExecutorService killers = Executors.newFixedThreadPool(2);
        List<Future<Boolean>> results = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            Path target = directory.resolve("adapter" + i);
            OLD.write(target);
            SplittableRandom random = new SplittableRandom(i);
            results.add(killers.submit(() -> {
                boolean unfinished = false;
                for (int kill = 0; kill < kills / 2; kill++) {
                    unfinished |= saveAndKill(target, random);
                    assertWhole(PeftAdapter.read(target));
                }
                return unfinished;
            }));
        }
        boolean unfinished = false;
        for (Future<Boolean> result : results) {
            unfinished |= result.get();
        }
        killers.shutdown();
        assertThat(unfinished).as("some process died in the middle").isTrue();
        OLD.write(directory.resolve("adapter0"));
        try (Stream<Path> files = Files.list(directory.resolve("adapter0"))) {
            assertThat(files).filteredOn(file -> file.toFile().length() > 0).hasSize(2);
        }
    }

    /** Returns whether it died between two states. */
    private static boolean saveAndKill(Path target, SplittableRandom random) throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-XX:-UsePerfData",
                        "-Xmx64m",
                        "-cp",
                        CLASS_PATH,
                        SavingProgram.class.getName(),
                        target.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (BufferedReader out = process.inputReader()) {
            assertThat(out.readLine()).isEqualTo("saving");
            TimeUnit.MICROSECONDS.sleep(random.nextLong(20_000));
            process.destroyForcibly().waitFor();
        }
        try (Stream<Path> files = Files.list(target)) {
            return files.count() != 2 || !Files.exists(target.resolve(CONFIG));
        }
    }

    private static void assertWhole(PeftAdapter read) {
        Samples.assertSame(read, read.config().equals(OLD.config()) ? OLD : NEW);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    @Test
    void directoryWithoutAnAdapter_isRefusedWithAdvice() throws IOException {
        Path none = directory.resolve("meta-llama/Llama-2-7b");
        refused(none, "does not exist", "bone fetches nothing");
        refused(directory, "has no adapter_config.json");
        Files.writeString(directory.resolve(CONFIG), OLD.config().toJson());
        refused(directory, "has no adapter_model.safetensors");
        refused(directory.resolve(CONFIG), "is a file; expected a directory");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bin", "pt", "npz", "pkl"})
    void otherFormats_areRefusedByName(String ending) throws IOException {
        Files.writeString(directory.resolve(CONFIG), OLD.config().toJson());
        Files.write(directory.resolve("adapter_model." + ending), new byte[100]);
        assertThatThrownBy(() -> PeftAdapter.read(directory))
                .hasMessageContainingAll("adapter_model." + ending, "safetensors.torch.save_file");
    }

    private static void refused(Path path, String... parts) {
        assertThatThrownBy(() -> PeftAdapter.read(path))
                .isInstanceOf(PeftException.class)
                .hasMessageContainingAll(parts);
    }
}
