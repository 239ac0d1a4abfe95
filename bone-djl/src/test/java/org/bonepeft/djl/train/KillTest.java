package org.bonepeft.djl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A run that is killed again and again ends as one that never was. */
class KillTest {
    private static final int KILLS = 20;
    private static final int STEPS = 500;

    @TempDir
    Path scratch;

    private static BufferedReader output(Process process) {
        return new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /** Reads until so many lines begin so; returns all lines read. */
    private static List<String> await(BufferedReader reader, String begin, int count) throws IOException {
        List<String> lines = new ArrayList<>();
        int found = 0;
        while (found < count) {
            String line = reader.readLine();
            if (line == null) {
                break;
            }
            lines.add(line);
            found += line.startsWith(begin) ? 1 : 0;
        }
        return lines;
    }

    private static List<String> finish(Process process) throws IOException, InterruptedException {
        List<String> lines = await(output(process), "nothing begins so", 1);
        process.waitFor();
        return lines;
    }

    @Test
    void killedRun_endsWithTheSameBits() throws Exception {
        Random random = new Random(20);
        Path killed = scratch.resolve("killed");
        List<Integer> starts = new ArrayList<>();
        for (int kill = 0; kill < KILLS; kill++) {
            Process child = TrainingChild.start(killed, STEPS);
            try (BufferedReader reader = output(child)) {
                boolean early = random.nextInt(4) == 0;
                List<String> lines = early ? await(reader, "ready", 1) : await(reader, "step", 1 + random.nextInt(12));
                lines.stream()
                        .filter(line -> line.startsWith("start"))
                        .forEach(line -> starts.add(Integer.parseInt(line.substring("start ".length()))));
                Thread.sleep(0, random.nextInt(1_000_000));
                Thread.sleep(random.nextInt(early ? 30 : 8));
                assertThat(child.isAlive()).as("%s", lines).isTrue();
            } finally {
                child.destroyForcibly().waitFor();
            }
        }
        assertThat(finish(TrainingChild.start(killed, STEPS))).contains("end FINISHED");
        assertThat(starts).isSorted();
        assertThat(starts.get(starts.size() - 1)).isBetween(KILLS, STEPS - 1);
        assertThat(finish(TrainingChild.start(scratch.resolve("whole"), STEPS)))
                .contains("start 0", "step " + STEPS, "end FINISHED");
        String last = "step-%08d.safetensors".formatted(STEPS);
        assertThat(killed.resolve(last))
                .hasSameBinaryContentAs(scratch.resolve("whole").resolve(last));
        assertThat(killed.toFile().list())
                .as("no temporary files are left behind")
                .allMatch(name -> name.matches("step-\\d{8}\\.safetensors"));
    }

    private static void signal(Process child, String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, "" + child.pid()).start().waitFor();
    }

    @ParameterizedTest
    @CsvSource({"TERM, 15", "INT, 2"})
    @DisabledOnOs(OS.WINDOWS)
    void aSignal_savesAndEnds(String name, int signal) throws Exception {
        assumeFalse(isIgnored(signal), "this process ignores SIG" + name + ", and so would its child");
        CheckpointPlan plan = CheckpointPlan.of(scratch.resolve("run"), 1_000_000);
        Process child = TrainingChild.start(plan.folder(), 1_000_000);
        CompletableFuture.delayedExecutor(1, TimeUnit.MINUTES).execute(child::destroyForcibly);
        try (BufferedReader reader = output(child)) {
            await(reader, "step", 5);
            signal(child, name);
            List<String> rest = await(reader, "end", 1);
            assertThat(rest).contains("end INTERRUPTED");
            int step = rest.stream()
                    .filter(line -> line.startsWith("step"))
                    .mapToInt(line -> Integer.parseInt(line.substring("step ".length())))
                    .max()
                    .orElse(5);
            assertThat(child.waitFor()).isEqualTo(128 + signal);
            assertThat(plan.newest()).contains(plan.file(step));
        } finally {
            child.destroyForcibly().waitFor();
        }
    }

    /** Else PyTorch may be unloaded while it computes, and crash. */
    @Test
    @DisabledOnOs(OS.WINDOWS)
    void aSignal_waitsForTheStep_withoutCheckpoints() throws Exception {
        Process child = TrainingChild.start(1_000_000);
        CompletableFuture.delayedExecutor(1, TimeUnit.MINUTES).execute(child::destroyForcibly);
        try (BufferedReader reader = output(child)) {
            await(reader, "step", 5);
            signal(child, "TERM");
            assertThat(await(reader, "end", 1)).contains("end INTERRUPTED");
            assertThat(child.waitFor()).isEqualTo(128 + 15);
        } finally {
            child.destroyForcibly().waitFor();
        }
    }

    /** Programs that a shell starts in the background ignore SIGINT; children inherit that. */
    private static boolean isIgnored(int signal) throws IOException {
        Path status = Path.of("/proc/self/status");
        return Files.exists(status)
                && Files.readAllLines(status).stream()
                        .filter(line -> line.startsWith("SigIgn:"))
                        .anyMatch(line -> (new BigInteger(line.substring(7).strip(), 16)).testBit(signal - 1));
    }
}
