package org.bonepeft.djl.model.rwkv6;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bonepeft.BoneException;

/**
 * The tokenizer of the RWKV "World" models: at each place of the UTF-8 bytes the longest token that fits. What is decoded
 * from an encoded text has its very bytes.
 *
 * <p>The vocabulary is {@code rwkv_vocab_v20230424.txt}, a line for each token: id, the token as a Python literal, length
 * in bytes; for example {@code 43 '*' 1} and {@code 129 b'\x80' 1}. All 256 single bytes are in it. The id 0, {@link
 * #END}, is in no text: it ends one.
 */
public final class WorldTokenizer {
    /** Ends a text. */
    public static final int END = 0;

    private static final int BYTES = 256;

    private final Map<Integer, byte[]> tokens = new HashMap<>();

    /** Node i has children at i * 256 + byte, 0 for none. */
    private int[] children = new int[BYTES * BYTES];

    private int[] ids = new int[BYTES];
    private int nodes = 1;
    private int vocabulary = 1;

    private WorldTokenizer() {}

    /**
     * Reads a vocabulary.
     *
     * @throws BoneException if there is no such file, naming the line that is not of the form, or if a single byte has no
     *     token
     * @throws IOException if the file cannot be read
     */
    public static WorldTokenizer read(Path file) throws IOException {
        WorldTokenizer tokenizer = new WorldTokenizer();
        int number = 0;
        for (String line : lines(file)) {
            number++;
            try {
                tokenizer.add(line);
            } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
                throw new BoneException(
                        file + ", line " + number
                                + ": expected an id, a Python literal and its length in bytes, such as"
                                + " 43 '*' 1, but it is " + line + " (" + e.getMessage() + ")",
                        e);
            }
        }
        for (int b = 0; b < BYTES; b++) {
            if (tokenizer.child(0, b) == 0 || tokenizer.ids[tokenizer.child(0, b)] == 0) {
                throw new BoneException(
                        file + " has no token of the single byte " + b + "; it is not a whole vocabulary");
            }
        }
        return tokenizer;
    }

    private static List<String> lines(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new BoneException(
                    "no such file: " + file + "; expected the vocabulary of the RWKV World models, which is"
                            + " called rwkv_vocab_v20230424.txt");
        }
        try {
            return Files.readAllLines(file);
        } catch (CharacterCodingException e) {
            throw new BoneException(file + " is no vocabulary: it is not text in UTF-8", e);
        }
    }

    private void add(String line) {
        int first = line.indexOf(' ');
        int last = line.lastIndexOf(' ');
        int id = Integer.parseInt(line.substring(0, first));
        byte[] token = PythonLiteral.bytes(line.substring(first + 1, last));
        if (token.length != Integer.parseInt(line.substring(last + 1)) || token.length == 0 || id <= END) {
            throw new IllegalArgumentException("the token has " + token.length + " bytes, its id is " + id);
        }
        if (tokens.put(id, token) != null) {
            throw new IllegalArgumentException("the id " + id + " stands twice");
        }
        int node = 0;
        for (byte b : token) {
            node = grown(node, b & 0xff);
        }
        ids[node] = id;
        vocabulary = Math.max(vocabulary, id + 1);
    }

    private int grown(int node, int b) {
        int at = node * BYTES + b;
        if (children[at] == 0) {
            if (nodes == ids.length) {
                ids = Arrays.copyOf(ids, 2 * nodes);
                children = Arrays.copyOf(children, 2 * nodes * BYTES);
            }
            children[at] = nodes++;
        }
        return children[at];
    }

    private int child(int node, int b) {
        return children[node * BYTES + b];
    }

    /** Returns one more than the largest id. */
    public int vocabSize() {
        return vocabulary;
    }

    /** Returns the tokens of a text; a surrogate without its other half becomes a question mark. */
    public long[] encode(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        long[] found = new long[bytes.length];
        int count = 0;
        for (int from = 0; from < bytes.length; ) {
            int longest = from;
            int node = 0;
            for (int at = from; at < bytes.length; at++) {
                node = child(node, bytes[at] & 0xff);
                if (node == 0) {
                    break;
                }
                if (ids[node] != 0) {
                    found[count] = ids[node];
                    longest = at + 1;
                }
            }
            count++;
            from = longest;
        }
        return Arrays.copyOf(found, count);
    }

    /**
     * Returns the bytes of tokens; those of {@link #END} are none.
     *
     * @throws BoneException if an id is not in the vocabulary
     */
    public byte[] decodeBytes(long[] ids) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (long id : ids) {
            byte[] token = id == END ? new byte[0] : tokens.get((int) id);
            if (token == null || id != (int) id) {
                throw new BoneException("there is no token " + id + " in the vocabulary of " + vocabulary);
            }
            bytes.writeBytes(token);
        }
        return bytes.toByteArray();
    }

    /** Returns the text of tokens; bytes that are no UTF-8, such as half a character, become U+FFFD. */
    public String decode(long[] ids) {
        return new String(decodeBytes(ids), StandardCharsets.UTF_8);
    }
}
