package org.bonepeft.djl.torch;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The methods of {@code kernels.py}, loaded on first use and kept for the life of the JVM. */
final class TorchMethods {
    private TorchMethods() {}

    private static final class Holder {
        static final TorchModule MODULE = TorchModule.compile(text());
    }

    /** Starts a call. */
    static TorchModule.Call method(String name) {
        TorchEngine.require();
        return Holder.MODULE.method(name);
    }

    private static String text() {
        try (InputStream in = TorchMethods.class.getResourceAsStream("kernels.py")) {
            if (in == null) {
                throw new IllegalStateException("kernels.py is missing beside " + TorchMethods.class);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8) + "\n" + FewRows.TEXT;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
