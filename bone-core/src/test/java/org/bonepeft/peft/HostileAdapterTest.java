package org.bonepeft.peft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Dora;
import org.bonepeft.adapter.Grouping;
import org.bonepeft.adapter.Lora;
import org.bonepeft.json.Json;
import org.bonepeft.safetensors.SafetensorsWriter;
import org.bonepeft.safetensors.ShardedSafetensors;
import org.bonepeft.safetensors.TensorData;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.bonepeft.testkit.Mutations;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Damaged and malicious adapters and indices: read, or refused with our own exception, in bounded memory. */
class HostileAdapterTest {
    private static final long MEMORY = 16 << 20;

    @TempDir
    Path directory;

    private final PrintStream err = System.err;
    private Path config;
    private Path weights;

    @BeforeEach
    void muteWarnings() {
        config = directory.resolve("adapter_config.json");
        weights = directory.resolve("adapter_model.safetensors");
        System.setErr(new PrintStream(OutputStream.nullOutputStream()));
    }

    @AfterEach
    void restoreErr() {
        System.setErr(err);
    }

    /** Every kind of key: patterns, whole modules, a method of our own. */
    static Stream<PeftAdapter> adapters() {
        PeftConfig dora = PeftConfig.of(
                        new Dora(new Lora(2, 4)),
                        Map.of("up_proj", new Dora(new Lora(3, 2))),
                        Targets.of("q_proj", "up_proj"))
                .withModulesToSave(List.of("norm"));
        PeftAdapter layers = Samples.adapter(dora, 1);
        Map<String, AdapterTensor> saved = Map.of("norm.weight", Samples.random(Shape.of(3), new SplittableRandom(1)));
        return Stream.of(new PeftAdapter(dora, layers.layers(), saved), Samples.adapter(new Bat(8, Grouping.ROW), 2));
    }

    @ParameterizedTest
    @MethodSource("adapters")
    void everyPrefix_isRefused(PeftAdapter adapter) throws IOException {
        adapter.write(directory);
        for (Path file : List.of(config, weights)) {
            byte[] valid = Files.readAllBytes(file);
            for (int length = 0; length < valid.length; length++) {
                overwrite(file, Arrays.copyOf(valid, length));
                assertThat(refused()).as("%d bytes of %s", length, file).isTrue();
            }
            overwrite(file, valid);
        }
        Samples.assertSame(PeftAdapter.read(directory), adapter);
    }

    @ParameterizedTest
    @MethodSource("adapters")
    void everyByteOfHeaderAndConfigurationFlipped_isReadOrRefused(PeftAdapter adapter) throws IOException {
        adapter.write(directory);
        byte[] valid = Files.readAllBytes(weights);
        int header = 8 + Byte.toUnsignedInt(valid[0]) + 256 * Byte.toUnsignedInt(valid[1]);
        int refused = 0;
        for (int at = 0; at < header; at++) {
            overwrite(weights, Mutations.flipped(valid, 8 * at + at % 8));
            refused += refused() ? 1 : 0;
        }
        // What may pass is a changed letter in the metadata, or in the path of a layer that has one parameter only.
        assertThat(refused).isBetween(header * 3 / 4, header);
        overwrite(weights, valid);
        byte[] text = Files.readAllBytes(config);
        for (int at = 0; at < text.length; at++) {
            overwrite(config, Mutations.flipped(text, 8 * at + at % 8));
            refused();
        }
    }

    @ParameterizedTest
    @MethodSource("adapters")
    void tenThousandMutations_areReadOrRefused(PeftAdapter adapter) throws IOException {
        adapter.write(directory);
        Random random = new Random(20261120);
        int refused = 0;
        for (Path file : List.of(config, weights)) {
            byte[] valid = Files.readAllBytes(file);
            for (int round = 0; round < 2_500; round++) {
                overwrite(file, Mutations.mutated(valid, random));
                refused += refused() ? 1 : 0;
            }
            overwrite(file, valid);
        }
        assertThat(refused).isBetween(2_500, 4_999);
    }

    @Test
    void index_everyPrefixFlipAndMutation_isReadOrRefused() throws IOException {
        for (String shard : List.of("a", "b")) {
            TensorData tensor = TensorData.floats(shard, DType.F32, Shape.of(1), new float[1]);
            SafetensorsWriter.write(directory.resolve(shard + ".safetensors"), List.of(tensor), Map.of());
        }
        Path index = directory.resolve("model.safetensors.index.json");
        byte[] valid = Json.print(Map.of("weight_map", Map.of("a", "a.safetensors", "b", "b.safetensors")))
                .getBytes(StandardCharsets.UTF_8);
        List<byte[]> hostile = new ArrayList<>();
        for (int length = 0; length < valid.length; length++) {
            hostile.add(Arrays.copyOf(valid, length));
        }
        for (int bit = 0; bit < 8 * valid.length; bit++) {
            hostile.add(Mutations.flipped(valid, bit));
        }
        Random random = new Random(20261120);
        for (int round = 0; round < 2_000; round++) {
            hostile.add(Mutations.mutated(valid, random));
        }
        for (byte[] bytes : hostile) {
            overwrite(index, bytes);
            bounded(() -> ShardedSafetensors.open(directory).close());
        }
        for (String shard : List.of("../a.safetensors", "/etc/a.safetensors", "..", "b/../a.safetensors")) {
            Files.writeString(index, "{\"weight_map\": {\"a\": \"" + shard + "\"}}");
            assertThatThrownBy(() -> ShardedSafetensors.open(directory))
                    .isInstanceOf(BoneException.class)
                    .hasMessageContaining("expected a .safetensors file in the same directory");
        }
    }

    @Test
    void configuration_nestedDeeplyOrHuge_isRefused() throws IOException {
        Samples.adapter(new Bone(4), 1).write(directory);
        for (String value : List.of(
                "[".repeat(1_000_000) + "]".repeat(1_000_000),
                "{\"a\":".repeat(1_000_000) + "1" + "}".repeat(1_000_000),
                "\"" + "(".repeat(100_000) + ")".repeat(100_000) + "\"",
                "1e999999999")) {
            Files.writeString(config, "{\"peft_type\": \"MISS\", \"r\": 4, \"target_modules\": " + value + "}");
            assertThat(refused()).isTrue();
        }
        try (FileChannel file = FileChannel.open(config, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.allocate(1), 1L << 34);
        }
        assertThatThrownBy(() -> PeftAdapter.read(directory))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("adapter_config.json has 17179869185 bytes");
    }

    @Test
    void pattern_thatRecursesWithALongName_isRefused() throws IOException {
        Lora lora = new Lora(1, 1);
        String path = "ab".repeat(100_000);
        Map<String, Object> patterns = Map.of("(a|b)*c", 2L);
        PeftConfig hostile = PeftConfig.of(lora, Targets.of("q")).with("rank_pattern", patterns);
        Files.writeString(config, hostile.toJson());
        write(List.of(tensor(path + ".lora_A.weight"), tensor(path + ".lora_B.weight")));
        assertThatThrownBy(() -> PeftAdapter.read(directory))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("the pattern '(a|b)*c' is too deep");
    }

    @Test
    void millionUnknownTensors_areCounted() throws IOException {
        Files.writeString(config, PeftConfig.of(new Lora(1, 1), Targets.of("q")).toJson());
        StringBuilder header = new StringBuilder("{");
        for (int i = 0; i < 1_000_000; i++) {
            header.append(i == 0 ? "" : ",")
                    .append("\"base_model.model." + i
                            + ".bone\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}");
        }
        byte[] text = header.append('}').toString().getBytes(StandardCharsets.US_ASCII);
        ByteBuffer file = ByteBuffer.allocate(8 + text.length).order(ByteOrder.LITTLE_ENDIAN);
        Files.write(weights, file.putLong(text.length).put(text).array());
        assertThatThrownBy(() -> AdapterFile.open(directory))
                .isInstanceOf(PeftException.class)
                .hasMessageContaining("and 999995 more")
                .message()
                .hasSizeLessThan(2_000);
    }

    @Test
    void nameThatLooksLikeAPath_isAName() throws IOException {
        Files.writeString(config, PeftConfig.of(new Bone(1), Targets.of("q")).toJson());
        write(List.of(tensor("../../etc/passwd.miss_block")));
        PeftAdapter read = PeftAdapter.read(directory);
        assertThat(read.layers()).containsOnlyKeys("../../etc/passwd");
        Path copy = directory.resolve("copy");
        read.write(copy);
        try (Stream<Path> files = Files.walk(directory)) {
            assertThat(files.filter(Files::isRegularFile)).hasSize(4);
        }
    }

    private static TensorData tensor(String name) {
        return TensorData.floats("base_model.model." + name, DType.F32, Shape.of(1, 1), new float[1]);
    }

    private void write(List<TensorData> tensors) throws IOException {
        SafetensorsWriter.write(weights, tensors, Map.of());
    }

    /** Over the file before: thousands of new files would be slow. */
    private static void overwrite(Path path, byte[] content) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(content));
            channel.truncate(content.length);
        }
    }

    private boolean refused() throws IOException {
        return bounded(() -> PeftAdapter.read(directory));
    }

    @FunctionalInterface
    private interface Reading {
        void run() throws IOException;
    }

    /** Returns whether it was refused; every exception but our own goes through. */
    private static boolean bounded(Reading reading) throws IOException {
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        boolean refused = false;
        try {
            reading.run();
        } catch (BoneException e) {
            assertThat(e.getMessage()).isNotBlank().hasSizeLessThan(10_000);
            refused = true;
        }
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(MEMORY);
        return refused;
    }
}
