package org.bonepeft.djl.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A run that is killed again and again ends as one that never was. */
class KillTest {
    private static final int KILLS = 20;
    private static final int STEPS = 250;

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
                Thread.sleep(random.nextInt(early ? 200 : 8));
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
        String last = "step-00000250.safetensors";
        assertThat(killed.resolve(last))
                .hasSameBinaryContentAs(scratch.resolve("whole").resolve(last));
        assertThat(killed.toFile().list())
                .as("no temporary files are left behind")
                .allMatch(name -> name.matches("step-\\d{8}\\.safetensors"));
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    @Timeout(value = 1, unit = TimeUnit.MINUTES)
    void aSignal_savesAndEnds() throws Exception {
        CheckpointPlan plan = CheckpointPlan.of(scratch.resolve("run"), 1_000_000);
        for (String signal : List.of("-TERM", "-INT")) {
            Process child = TrainingChild.start(plan.folder(), 1_000_000);
            try (BufferedReader reader = output(child)) {
                await(reader, "step", 5);
                new ProcessBuilder("kill", signal, "" + child.pid()).start().waitFor();
                List<String> rest = await(reader, "end", 1);
                assertThat(rest).contains("end INTERRUPTED");
                int step = rest.stream()
                        .filter(line -> line.startsWith("step"))
                        .mapToInt(line -> Integer.parseInt(line.substring("step ".length())))
                        .max()
                        .orElse(5);
                assertThat(child.waitFor()).isEqualTo(signal.equals("-INT") ? 130 : 143);
                assertThat(plan.newest()).contains(plan.file(step));
            } finally {
                child.destroyForcibly().waitFor();
            }
        }
    }
}
