package org.bonepeft.djl.torch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A TorchScript archive without tensors: a stored ZIP that holds the pickle of one module {@code __torch__.M} and the
 * text of its methods.
 */
final class TorchArchive {
    private static final String HEADER = """
            class M(Module):
              __parameters__ = []
              __buffers__ = []
              training : bool
            """;

    /** Pickle protocol 2 of an instance of {@code __torch__.M} with the state {"training": False}. */
    private static final byte[] INSTANCE = ("\u0080\u0002c__torch__\nM\nq\u0000)\u0081}(X\b\u0000\u0000\u0000training"
                    + "q\u0001\u0089ubq\u0002.")
            .getBytes(StandardCharsets.ISO_8859_1);

    /** Pickle protocol 2 of the empty tuple. */
    private static final byte[] EMPTY = "\u0080\u0002).".getBytes(StandardCharsets.ISO_8859_1);

    private TorchArchive() {}

    /** Returns the archive of a module with these methods, each {@code def name(self: __torch__.M, ...)}. */
    static byte[] of(String methods) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            store(zip, "m/version", "10\n".getBytes(StandardCharsets.UTF_8));
            store(zip, "m/constants.pkl", EMPTY);
            store(zip, "m/data.pkl", INSTANCE);
            store(zip, "m/code/__torch__.py", (HEADER + methods.indent(2)).getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
        CRC32 crc = new CRC32();
        crc.update(content);
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        entry.setCrc(crc.getValue());
        entry.setTime(0);
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }
}
