package org.bonepeft.examples.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.bonepeft.BoneException;
import org.bonepeft.djl.train.Evaluation;
import org.bonepeft.djl.train.Schedule;
import org.bonepeft.djl.train.TrainingConfig;
import org.bonepeft.djl.train.TrainingResult;
import org.bonepeft.djl.train.TrainingRun;
import org.bonepeft.djl.train.TrainingStep;
import org.bonepeft.djl.train.log.JsonLinesLog;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class ReportCommandTest {
    @TempDir
    private Path folder;

    /** A run whose loss falls from a height, with an evaluation every 50 steps. */
    private Path log(String name, double height, double rate, boolean ends) {
        Path file = folder.resolve(name + ".jsonl");
        JsonLinesLog log = new JsonLinesLog(file);
        Schedule schedule = Schedule.cosine().withWarmUp(0.1);
        TrainingConfig config = TrainingConfig.builder()
                .setBatchSize(8)
                .setSteps(200)
                .setLearningRate(rate)
                .optSchedule(schedule)
                .build();
        log.onStart(new TrainingRun(config, 1000, 200, 0, 12_345));
        for (int i = 1; i <= 200; i++) {
            double loss = i == 100 ? Double.NaN : height * Math.exp(-i / 80.0) + 0.1 * Math.sin(i);
            log.onStep(new TrainingStep(
                    i, 200, i / 125.0, loss, 1 + height / i, rate * schedule.at(i - 1, 200), 64, 0.01, i != 100));
            if (i % 50 == 0) {
                log.onEvaluation(new Evaluation(i, Map.of("accuracy", 1 - height / (i + 10)), true));
            }
        }
        if (ends) {
            log.onEnd(new TrainingResult(TrainingResult.End.FINISHED, List.of(), List.of(), 1));
        }
        return file;
    }

    private static int run(Path... arguments) {
        PrintStream nowhere = new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
        CommandLine command = new CommandLine(new ReportCommand(nowhere));
        command.setExecutionExceptionHandler((e, line, parsed) -> {
            throw e;
        });
        return command.execute(List.of(arguments).stream().map(Path::toString).toArray(String[]::new));
    }

    @Test
    void twoRuns_areOnePage() throws IOException {
        Path html = folder.resolve("report.html");
        Path pictures = folder.resolve("png");
        int code = run(
                log("bone <r=8>", 3, 2e-3, true),
                log("lora", 2, 1e-3, false),
                Path.of("--out=" + html),
                Path.of("--png=" + pictures));
        assertThat(code).isZero();
        String page = Files.readString(html);
        assertThat(page)
                .contains("bone &lt;r=8&gt;", "not ended", "finished", "12,345", "learning rate", "PyTorch")
                .doesNotContain("<r=8>", "http://", "https://", "<script", "<link")
                .containsPattern("class=\"differs\"><td>learning rate</td><td>0.002</td><td>0.001</td>");
        assertThat(page.split("data:image/png", -1)).hasSize(5);
        assertThat(pictures.toFile().list())
                .containsExactlyInAnyOrder(
                        "loss.png", "learning-rate.png", "gradient-norm.png", "evaluation-accuracy.png");
        assertThat(ImageIO.read(pictures.resolve("learning-rate.png").toFile()).getWidth())
                .isEqualTo(900);
    }

    @Test
    void aLogThatIsBeingWritten_isReadToItsLastWholeLine() throws IOException {
        Path file = log("run", 3, 1e-3, false);
        String all = Files.readString(file);
        Files.writeString(file, all.substring(0, all.length() - 20));
        assertThat(RunLog.read(file).end()).isEmpty();
        assertThat(RunLog.read(file).evaluations()).containsOnlyKeys(50, 100, 150);
    }

    @Test
    void whatIsNoLog_isRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("other.jsonl"), "{\"event\": \"start\"}\n");
        assertThatThrownBy(() -> RunLog.read(file))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("has no step");
        Files.writeString(file, "{\"case\": \"linear\"}\n");
        assertThatThrownBy(() -> RunLog.read(file)).hasMessageContaining("no line of a training log");
    }
}
