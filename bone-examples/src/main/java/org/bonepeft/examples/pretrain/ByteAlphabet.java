package org.bonepeft.examples.pretrain;

import java.nio.charset.StandardCharsets;

/**
 * GPT-2's one-to-one map of bytes to visible characters: printable Latin-1 stands for itself, the others for characters
 * from U+0100 on, so that a blank is {@code Ġ} (openai/gpt-2, {@code encoder.py}, bytes_to_unicode).
 */
final class ByteAlphabet {
    private static final char[] CHARACTERS = characters();

    private ByteAlphabet() {}

    private static char[] characters() {
        char[] characters = new char[256];
        char next = 256;
        for (int b = 0; b < 256; b++) {
            boolean printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
            characters[b] = printable ? (char) b : next++;
        }
        return characters;
    }

    /** The character of a byte. */
    static String character(int b) {
        return String.valueOf(CHARACTERS[b]);
    }

    /** The UTF-8 bytes of the text, one character each. */
    static String encode(String text) {
        StringBuilder encoded = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            encoded.append(CHARACTERS[b & 0xFF]);
        }
        return encoded.toString();
    }
}
