package org.bonepeft.djl.torch;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Texts of TorchScript methods that lie beside the classes that call them. */
public final class ScriptText {
    private ScriptText() {}

    /** Returns the text of a resource beside {@code owner}. */
    public static String of(Class<?> owner, String name) {
        try (InputStream in = owner.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException(name + " is missing beside " + owner);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the text of one of the {@linkplain Kernels kernels}, for a module whose methods call it. */
    public static String kernel(String name) {
        Matcher method = Pattern.compile("(?ms)^def " + name + "\\(.*?\\n(?=\\S|\\z)")
                .matcher(of(ScriptText.class, "kernels.py"));
        if (!method.find()) {
            throw new IllegalArgumentException("kernels.py has no method " + name);
        }
        return method.group();
    }
}
