package org.bonepeft.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;

/** All 65536 values of both types; the two directions are held against definitions, not against each other alone. */
class HalfFloatsTest {
    private interface Narrow {
        short of(float value);
    }

    @Test
    void fromF16_everyValue_isTheFormulaOfIeee754() {
        for (int bits = 0; bits < 0x10000; bits++) {
            int exponent = bits >> 10 & 0x1f;
            double fraction = (bits & 0x3ff) / 1024.0;
            double magnitude;
            if (exponent == 0) {
                magnitude = fraction * Math.pow(2, -14);
            } else if (exponent < 31) {
                magnitude = (1 + fraction) * Math.pow(2, exponent - 15);
            } else {
                magnitude = fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
            }
            double expected = bits < 0x8000 ? magnitude : -magnitude;
            assertThat((double) HalfFloats.fromF16((short) bits)).as("%x", bits).isEqualTo((Double) expected);
        }
    }

    @Test
    void fromBF16_everyValue_isTheUpperHalf() {
        for (int bits = 0; bits < 0x10000; bits++) {
            float expected = Float.intBitsToFloat(bits * 0x10000);
            assertThat(HalfFloats.fromBF16((short) bits)).as("%x", bits).isEqualTo((Float) expected);
        }
    }

    @Test
    void toF16_exactBetweenAndBeyond_roundsToNearestEven() {
        roundsToNearestEven(HalfFloats::toF16, bits -> HalfFloats.fromF16((short) bits), 0x7c00, 65520f);
    }

    @Test
    void toBF16_exactBetweenAndBeyond_roundsToNearestEven() {
        float halfwayToInfinity = Float.intBitsToFloat(0x7f7f8000);
        roundsToNearestEven(HalfFloats::toBF16, bits -> HalfFloats.fromBF16((short) bits), 0x7f80, halfwayToInfinity);
    }

    /** Neighbours of a 16-bit type have neighbouring bits; halfway between them is a float32, where the even one wins. */
    private static void roundsToNearestEven(Narrow narrow, IntFunction<Float> wide, int infinity, float overflow) {
        for (int bits = 0; bits < infinity; bits++) {
            float low = wide.apply(bits);
            float middle = bits + 1 == infinity ? overflow : (float) ((low + (double) wide.apply(bits + 1)) / 2);
            int even = bits % 2 == 0 ? bits : bits + 1;
            expect(narrow, low, bits);
            expect(narrow, Math.nextDown(middle), bits);
            expect(narrow, middle, even);
            expect(narrow, Math.nextUp(middle), bits + 1);
        }
        expect(narrow, Float.MAX_VALUE, infinity);
        expect(narrow, Float.POSITIVE_INFINITY, infinity);
        for (int bits = infinity + 1; bits < 0x8000; bits++) {
            assertThat(wide.apply(narrow.of(wide.apply(bits)) & 0x7fff)).isNaN();
        }
        assertThat(wide.apply(narrow.of(Float.intBitsToFloat(0x7f800001)) & 0xffff))
                .isNaN();
    }

    private static void expect(Narrow narrow, float value, int bits) {
        assertThat(narrow.of(value)).as("%s", value).isEqualTo((short) bits);
        assertThat(narrow.of(-value)).as("%s", -value).isEqualTo((short) (bits | 0x8000));
    }
}
