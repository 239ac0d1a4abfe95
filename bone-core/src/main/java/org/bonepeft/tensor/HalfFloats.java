package org.bonepeft.tensor;

/**
 * The two 16-bit floating types and float32, in both directions. Widening is exact. Narrowing rounds to the nearest
 * value and ties to the one with an even last bit, overflows to infinity, and keeps NaN a NaN, as PyTorch does.
 *
 * <p>F16 is IEEE 754 binary16: 1 sign bit, 5 of exponent, 10 of fraction. BF16 is the upper half of a float32.
 */
public final class HalfFloats {
    private HalfFloats() {}

    /** Returns the value of binary16 bits. */
    public static float fromF16(short bits) {
        int sign = (bits & 0x8000) << 16;
        int exponent = (bits >>> 10) & 0x1f;
        int fraction = bits & 0x3ff;
        if (exponent == 0) {
            float magnitude = fraction * 0x1p-24f;
            return sign == 0 ? magnitude : -magnitude;
        }
        int wide = exponent == 0x1f ? 0xff : exponent - 15 + 127;
        return Float.intBitsToFloat(sign | (wide << 23) | (fraction << 13));
    }

    /** Returns the binary16 bits nearest to a value. */
    public static short toF16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = (bits >>> 16) & 0x8000;
        int magnitude = bits & 0x7fffffff;
        if (magnitude > 0x7f800000) {
            return (short) (sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff));
        }
        if (magnitude >= 0x47800000) { // 2^16
            return (short) (sign | 0x7c00);
        }
        if (magnitude < 0x38800000) { // 2^-14: counted in steps of 2^-24, the rounding of Math.rint
            return (short) (sign | (int) Math.rint(Float.intBitsToFloat(magnitude) * 0x1p24));
        }
        return (short) (sign | nearestEven(magnitude, 13) - ((127 - 15) << 10));
    }

    /** Returns the value of bfloat16 bits. */
    public static float fromBF16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /** Returns the bfloat16 bits nearest to a value. */
    public static short toBF16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) ((bits >>> 16) | 0x40);
        }
        return (short) nearestEven(bits, 16);
    }

    /** Drops the lowest bits; a carry out of the fraction raises the exponent, up to infinity, as it should. */
    private static int nearestEven(int bits, int dropped) {
        int half = (1 << (dropped - 1)) - 1;
        return (bits + half + ((bits >>> dropped) & 1)) >>> dropped;
    }
}
