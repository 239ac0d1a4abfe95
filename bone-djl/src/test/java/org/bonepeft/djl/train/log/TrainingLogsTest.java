package org.bonepeft.djl.train.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bonepeft.BoneException;
import org.bonepeft.djl.train.Evaluation;
import org.bonepeft.djl.train.TrainingConfig;
import org.bonepeft.djl.train.TrainingListener;
import org.bonepeft.djl.train.TrainingResult;
import org.bonepeft.djl.train.TrainingRun;
import org.bonepeft.djl.train.TrainingStep;
import org.bonepeft.json.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingLogsTest {
    @TempDir
    Path scratch;

    private static final TrainingRun RUN = new TrainingRun(
            TrainingConfig.builder()
                    .setBatchSize(2)
                    .setSteps(400)
                    .setLearningRate(0.5)
                    .build(),
            20,
            400,
            0,
            1234);

    private static TrainingStep step(int number, double loss) {
        return new TrainingStep(number, 400, number / 10.0, loss, 0.25, 0.5, 7, 0.5, Double.isFinite(loss));
    }

    private static void run(TrainingListener log) {
        log.onStart(RUN);
        log.onStep(step(1, 2));
        log.onStep(step(300, Double.NaN));
        log.onEvaluation(new Evaluation(300, Map.of("accuracy", 0.75), true));
        log.onEnd(new TrainingResult(TrainingResult.End.FINISHED, List.of(), List.of(), 1));
    }

    @Test
    void jsonLines_areObjects() throws IOException {
        Path file = scratch.resolve("run.jsonl");
        run(new JsonLinesLog(file));
        List<Map<String, Object>> lines = Files.readAllLines(file).stream()
                .map(line -> Json.parseObject(line, "log"))
                .toList();
        assertThat(lines)
                .extracting(line -> line.get("event"))
                .containsExactly("start", "step", "step", "evaluation", "end");
        assertThat(String.valueOf(lines.get(0).get("settings"))).contains("learning rate=0.5");
        assertThat(String.valueOf(lines.get(0).get("environment"))).contains("PyTorch");
        assertThat(lines.get(1).get("loss")).hasToString("2.0");
        assertThat(lines.get(2)).containsKey("loss");
        assertThat(lines.get(2).get("loss")).isNull();
        assertThat(lines.get(3).get("metrics")).hasToString("{accuracy=0.75}");
        assertThat(lines.get(4)).containsEntry("end", "FINISHED");
        if (Files.exists(Path.of("/proc/self/status"))) {
            assertThat(((Number) lines.get(4).get("peak_resident_mib")).longValue())
                    .isGreaterThan(50);
        }
    }

    @Test
    void csv_isATable() throws IOException {
        Path file = scratch.resolve("run.csv");
        run(new CsvLog(file));
        assertThat(Files.readAllLines(file))
                .containsExactly(
                        "step,epoch,loss,gradient_norm,learning_rate,tokens,seconds,updated",
                        "1,0.1,2.0,0.25,0.5,7,0.5,1",
                        "300,30.0,NaN,0.25,0.5,7,0.5,0");
    }

    /** Reads TFRecords and the fields of their events, as the format describes them. */
    private static List<String> events(Path file) throws IOException {
        List<String> events = new ArrayList<>();
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            byte[] length = new byte[8];
            bytes.get(length);
            assertThat(bytes.getInt()).isEqualTo(TensorBoardLog.maskedCrc(length));
            byte[] event = new byte
                    [(int) ByteBuffer.wrap(length)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .getLong()];
            bytes.get(event);
            assertThat(bytes.getInt()).isEqualTo(TensorBoardLog.maskedCrc(event));
            events.add(fields(ByteBuffer.wrap(event).order(ByteOrder.LITTLE_ENDIAN), 0));
        }
        return events;
    }

    /** Field 5 of an event holds messages, as do all fields 1 of that. */
    private static String fields(ByteBuffer message, int depth) {
        StringBuilder text = new StringBuilder();
        while (message.hasRemaining()) {
            long key = varint(message);
            int field = (int) (key >> 3);
            switch ((int) (key & 7)) {
                case 0 -> text.append(field).append('=').append(varint(message)).append(' ');
                case 1 -> assertThat(message.getDouble()).isGreaterThan(1.7e9);
                case 5 ->
                    text.append(field).append('=').append(message.getFloat()).append(' ');
                case 2 -> {
                    byte[] value = new byte[(int) varint(message)];
                    message.get(value);
                    boolean nested = (depth == 0 && field == 5) || (depth == 1 && field == 1);
                    text.append(
                            nested
                                    ? fields(ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN), depth + 1)
                                    : field + "=" + new String(value, StandardCharsets.UTF_8) + " ");
                }
                default -> throw new AssertionError("wire type of key " + key);
            }
        }
        return text.toString();
    }

    private static long varint(ByteBuffer bytes) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte next = bytes.get();
            value |= (next & 0x7FL) << shift;
            if (next >= 0) {
                return value;
            }
        }
    }

    @Test
    void tensorBoard_isRecordsOfEvents() throws IOException {
        run(new TensorBoardLog(scratch));
        Path file = scratch.resolve("events.out.tfevents.0000000000.bone");
        assertThat(events(file))
                .containsExactly(
                        "3=brain.Event:2 ",
                        "2=1 1=train/loss 2=2.0 1=train/gradient_norm 2=0.25 1=train/learning_rate 2=0.5 "
                                + "1=train/epoch 2=0.1 1=train/tokens_per_second 2=14.0 ",
                        "2=300 1=train/loss 2=NaN 1=train/gradient_norm 2=0.25 1=train/learning_rate 2=0.5 "
                                + "1=train/epoch 2=30.0 1=train/tokens_per_second 2=14.0 ",
                        "2=300 1=eval/accuracy 2=0.75 ");
    }

    @Test
    void maskedCrc_isTensorFlows() {
        // CRC-32C of "123456789" is 0xe3069283.
        assertThat(TensorBoardLog.maskedCrc("123456789".getBytes(StandardCharsets.US_ASCII)))
                .isEqualTo(((0xe3069283 >>> 15) | (0xe3069283 << 17)) + 0xa282ead8);
    }

    @Test
    void resumedLog_forgetsWhatCameAfterTheCheckpoint() throws IOException {
        Path whole = scratch.resolve("whole.csv");
        Path file = scratch.resolve("run.csv");
        run(new CsvLog(whole));
        CsvLog first = new CsvLog(file);
        first.onStart(RUN);
        first.onStep(step(1, 2));
        String state = first.state();
        first.onStep(step(2, 17));
        CsvLog second = new CsvLog(file);
        second.restore(state);
        second.onStart(RUN);
        second.onStep(step(300, Double.NaN));
        second.onEnd(new TrainingResult(TrainingResult.End.FINISHED, List.of(), List.of(), 1));
        assertThat(file).hasSameTextualContentAs(whole);
        assertThatThrownBy(() -> new CsvLog(file).onStart(RUN))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("is there already");
    }
}
