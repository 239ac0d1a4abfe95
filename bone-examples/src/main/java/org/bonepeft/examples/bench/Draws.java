package org.bonepeft.examples.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import java.util.zip.CRC32;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.djl.torch.TorchTypes;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.HalfFloats;
import org.bonepeft.tensor.Shape;

/**
 * Random tensors with the same bits in every language: splitmix64 seeded by {@code seed * 2^32 + CRC32(name)}, one draw
 * for each element.
 *
 * @param std the standard deviation of weights
 */
record Draws(long seed, double std) {
    private SplittableRandom random(String name) {
        CRC32 crc = new CRC32();
        crc.update(name.getBytes(StandardCharsets.UTF_8));
        return new SplittableRandom((seed << 32) + crc.getValue());
    }

    /**
     * Returns (s - 131070) sqrt(3) / 65536 deviation for each element, with s the sum of the four 16-bit parts of a draw:
     * mean 0, nearly normal.
     *
     * @param type F32, or BF16: the float32 value rounded to nearest even
     */
    NDArray normal(NDManager manager, String name, double deviation, DType type, long... shape) {
        SplittableRandom random = random(name);
        double scale = Math.sqrt(3) / 65536 * deviation;
        Shape wanted = Shape.of(shape);
        ByteBuffer bytes = ByteBuffer.allocateDirect(Math.toIntExact(wanted.size() * type.bytes()))
                .order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            long draw = random.nextLong();
            long sum = (draw & 0xffff) + (draw >>> 16 & 0xffff) + (draw >>> 32 & 0xffff) + (draw >>> 48);
            float value = (float) ((sum - 131070) * scale);
            if (type == DType.BF16) {
                bytes.putShort(HalfFloats.toBF16(value));
            } else {
                bytes.putFloat(value);
            }
        }
        return TorchTypes.load(manager, bytes.flip(), type, wanted);
    }

    /** Returns weights of the usual deviation. */
    NDArray weight(NDManager manager, String name, DType type, long... shape) {
        return normal(manager, name, std, type, shape);
    }

    /** Gives every tensor of a model its value: matrices drawn by their names, other weights 1, biases 0. */
    void fill(ModelBlock model, NDManager manager, DType type) {
        model.tensors().forEach((name, parameter) -> {
            parameter.setInitializer((owner, shape, ignored) -> {
                if (shape.dimension() > 1) {
                    return weight(owner, name, type, shape.getShape());
                }
                return TorchTypes.cast(name.endsWith("weight") ? owner.ones(shape) : owner.zeros(shape), type);
            });
            parameter.initialize(manager, DataType.FLOAT32);
        });
    }

    /** Returns {@code low + (draw >>> 33) % (vocabulary - low)} for each element, int64. */
    NDArray tokens(NDManager manager, String name, long low, long vocabulary, long rows, long columns) {
        SplittableRandom random = random(name);
        Shape shape = Shape.of(rows, columns);
        ByteBuffer bytes =
                ByteBuffer.allocateDirect(Math.toIntExact(8 * shape.size())).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            bytes.putLong(low + (random.nextLong() >>> 33) % (vocabulary - low));
        }
        return TorchTypes.load(manager, bytes.flip(), DType.I64, shape);
    }
}
