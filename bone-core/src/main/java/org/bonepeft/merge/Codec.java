package org.bonepeft.merge;

import java.nio.ByteBuffer;
import org.bonepeft.BoneException;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.HalfFloats;

/** Little-endian floating-point elements from and to float64; narrowing rounds to nearest, ties to even. */
final class Codec {
    private Codec() {}

    /** Reads {@code count} elements. */
    static void decode(DType type, ByteBuffer in, double[] out, int count) {
        switch (type) {
            case F64 -> in.asDoubleBuffer().get(out, 0, count);
            case F32 -> {
                for (int i = 0; i < count; i++) {
                    out[i] = in.getFloat(i * 4);
                }
            }
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    out[i] = HalfFloats.fromF16(in.getShort(i * 2));
                }
            }
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    out[i] = HalfFloats.fromBF16(in.getShort(i * 2));
                }
            }
            default -> throw new BoneException("a " + type + " tensor has no adapter; only floating types have");
        }
    }

    /** Writes {@code count} elements from index 0 on. */
    static void encode(DType type, double[] in, ByteBuffer out, int count) {
        switch (type) {
            case F64 -> out.asDoubleBuffer().put(in, 0, count);
            case F32 -> {
                for (int i = 0; i < count; i++) {
                    out.putFloat(i * 4, (float) in[i]);
                }
            }
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    out.putShort(i * 2, HalfFloats.toF16((float) in[i]));
                }
            }
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    out.putShort(i * 2, HalfFloats.toBF16((float) in[i]));
                }
            }
            default -> throw new BoneException("a " + type + " tensor has no adapter; only floating types have");
        }
    }

    /** Returns the least magnitude that rounds to infinity. */
    static double overflow(DType type) {
        return switch (type) {
            case F32 -> 0x1.ffffffp127;
            case F16 -> 65520;
            case BF16 -> 0x1.ffp127;
            default -> Double.POSITIVE_INFINITY;
        };
    }
}
