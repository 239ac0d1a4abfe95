package org.bonepeft.testkit;

import java.util.Arrays;
import java.util.Random;

/** Bytes that are nearly valid. */
public final class Mutations {
    private Mutations() {}

    /** Returns a copy with one bit flipped. */
    public static byte[] flipped(byte[] valid, int bit) {
        byte[] bytes = valid.clone();
        bytes[bit / 8] ^= (byte) (1 << bit % 8);
        return bytes;
    }

    /** Returns a copy with one to four changes: bytes replaced, moved, repeated, or left out at the end. */
    public static byte[] mutated(byte[] valid, Random random) {
        byte[] bytes = valid.clone();
        for (int edits = 1 + random.nextInt(4); edits > 0; edits--) {
            int at = random.nextInt(bytes.length);
            int length = Math.min(1 + random.nextInt(16), bytes.length - at);
            switch (random.nextInt(5)) {
                case 0 -> bytes[at] = (byte) random.nextInt(256);
                case 1 -> bytes[at] = (byte) "{}[]\",:0123456789-.e\\ ".charAt(random.nextInt(22));
                case 2 -> System.arraycopy(bytes, random.nextInt(bytes.length - length + 1), bytes, at, length);
                case 3 -> bytes = Arrays.copyOf(bytes, bytes.length - length + 1);
                default -> {
                    byte[] longer = Arrays.copyOf(bytes, bytes.length + length);
                    System.arraycopy(bytes, at, longer, at + length, bytes.length - at);
                    bytes = longer;
                }
            }
        }
        return bytes;
    }
}
