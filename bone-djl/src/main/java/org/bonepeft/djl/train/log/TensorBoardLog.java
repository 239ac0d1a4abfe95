package org.bonepeft.djl.train.log;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32C;
import org.bonepeft.djl.train.Evaluation;
import org.bonepeft.djl.train.TrainingRun;
import org.bonepeft.djl.train.TrainingStep;

/**
 * Scalars for TensorBoard: an event file is a sequence of TFRecords, each an {@code Event} in protocol buffers.
 *
 * <p>A record is {@code uint64 length, uint32 crc(length), bytes, uint32 crc(bytes)}, little-endian, where crc is CRC-32C
 * turned right by 15 bits plus 0xa282ead8 (TensorFlow, {@code record_writer.h}). Of an {@code Event} there are {@code 1:
 * double wall_time, 2: int64 step, 3: string file_version} or {@code 5: Summary}; a {@code Summary} repeats {@code 1:
 * Value} with {@code 1: string tag, 2: float simple_value} ({@code event.proto}, {@code summary.proto}).
 */
public final class TensorBoardLog extends FileLog {
    private static final int DOUBLE = 1;
    private static final int FLOAT = 5;
    private static final int BYTES = 2;

    /** Logs into a folder for one run, under the name that TensorBoard looks for. */
    public TensorBoardLog(Path folder) {
        super(folder.resolve("events.out.tfevents.0000000000.bone"));
    }

    @Override
    void writeHeader(TrainingRun run) {
        Message version = new Message().bytes(3, "brain.Event:2".getBytes(StandardCharsets.UTF_8));
        record(now().append(version));
    }

    @Override
    public void onStep(TrainingStep step) {
        Map<String, Double> scalars = new LinkedHashMap<>();
        scalars.put("train/loss", step.loss());
        scalars.put("train/gradient_norm", step.gradientNorm());
        scalars.put("train/learning_rate", step.learningRate());
        scalars.put("train/epoch", step.epoch());
        scalars.put("train/tokens_per_second", step.tokens() / step.seconds());
        scalars(step.step(), scalars);
    }

    @Override
    public void onEvaluation(Evaluation evaluation) {
        Map<String, Double> scalars = new LinkedHashMap<>();
        evaluation.metrics().forEach((name, value) -> scalars.put("eval/" + name, value));
        scalars(evaluation.step(), scalars);
    }

    private void scalars(int step, Map<String, Double> scalars) {
        Message summary = new Message();
        scalars.forEach((tag, value) -> summary.bytes(
                1,
                new Message()
                        .bytes(1, tag.getBytes(StandardCharsets.UTF_8))
                        .fixed(
                                2,
                                FLOAT,
                                littleEndian(Float.BYTES)
                                        .putFloat((float) (double) value)
                                        .array())
                        .toByteArray()));
        record(now().key(2, 0).varint(step).bytes(5, summary.toByteArray()));
    }

    private static Message now() {
        double seconds = System.currentTimeMillis() / 1e3;
        return new Message()
                .fixed(1, DOUBLE, littleEndian(Double.BYTES).putDouble(seconds).array());
    }

    private void record(Message event) {
        byte[] bytes = event.toByteArray();
        byte[] length = littleEndian(Long.BYTES).putLong(bytes.length).array();
        write(littleEndian(length.length + bytes.length + 2 * Integer.BYTES)
                .put(length)
                .putInt(maskedCrc(length))
                .put(bytes)
                .putInt(maskedCrc(bytes))
                .array());
    }

    private static ByteBuffer littleEndian(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    static int maskedCrc(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, bytes.length);
        return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
    }

    /** The bytes of a protocol buffer: keys {@code field << 3 | wire type}, each with its value. */
    private static final class Message {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Message varint(long value) {
            long rest = value;
            while (rest >>> 7 != 0) {
                out.write((int) ((rest & 0x7F) | 0x80));
                rest >>>= 7;
            }
            out.write((int) rest);
            return this;
        }

        Message key(int field, int type) {
            return varint((long) field << 3 | type);
        }

        Message fixed(int field, int type, byte[] value) {
            key(field, type);
            out.writeBytes(value);
            return this;
        }

        Message bytes(int field, byte[] value) {
            key(field, BYTES).varint(value.length);
            out.writeBytes(value);
            return this;
        }

        Message append(Message other) {
            out.writeBytes(other.toByteArray());
            return this;
        }

        byte[] toByteArray() {
            return out.toByteArray();
        }
    }
}
