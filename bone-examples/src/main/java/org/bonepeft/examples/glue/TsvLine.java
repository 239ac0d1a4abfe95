package org.bonepeft.examples.glue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bonepeft.BoneException;

/**
 * One line of a GLUE file, split at tabs. GLUE's files have no quoting: a quote is a character like any other, and many
 * rows hold an odd number of them. (FastCSV cannot be told to know no quote, and ends lines at a lone CR too, which here
 * is text.)
 *
 * @param number counted from 1
 */
record TsvLine(int number, List<String> cells) {
    TsvLine {
        cells = List.copyOf(cells);
    }

    /**
     * Reads a file as UTF-8, with or without a byte order mark; lines end in LF or CR LF. Empty lines at the end are
     * no lines.
     *
     * @throws BoneException if a line is not UTF-8
     * @throws IOException if the file cannot be read
     */
    static List<TsvLine> read(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int end = bytes.length;
        while (end > 0 && (bytes[end - 1] == '\n' || bytes[end - 1] == '\r')) {
            end--;
        }
        boolean marked = end >= 3 && bytes[0] == (byte) 0xEF && bytes[1] == (byte) 0xBB && bytes[2] == (byte) 0xBF;
        List<TsvLine> lines = new ArrayList<>();
        for (int from = marked ? 3 : 0, to; from < end; from = to + 1) {
            to = from;
            while (to < end && bytes[to] != '\n') {
                to++;
            }
            int length = to - from - (to > from && bytes[to - 1] == '\r' ? 1 : 0);
            int number = lines.size() + 1;
            lines.add(new TsvLine(
                    number, List.of(decode(file, number, bytes, from, length).split("\t", -1))));
        }
        return lines;
    }

    private static String decode(Path file, int number, byte[] bytes, int from, int length) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, from, length))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new BoneException(file + ", line " + number + ": not UTF-8; save the file as UTF-8", e);
        }
    }
}
