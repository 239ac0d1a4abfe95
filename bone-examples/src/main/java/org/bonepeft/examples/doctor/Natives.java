package org.bonepeft.examples.doctor;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

/** The native libraries of the engine. */
final class Natives {
    private Natives() {}

    /** Returns the native archives on the class path, for example {@code PyTorch 2.7.1 cpu linux-x86_64}. */
    static List<String> onClassPath(String engine) {
        List<String> found = new ArrayList<>();
        try {
            String file = "native/lib/" + engine.toLowerCase(Locale.ROOT) + ".properties";
            for (URL url : Collections.list(Natives.class.getClassLoader().getResources(file))) {
                Properties properties = new Properties();
                try (InputStream in = url.openStream()) {
                    properties.load(in);
                }
                found.add(engine + " " + properties.getProperty("version") + " " + properties.getProperty("flavor")
                        + " " + properties.getProperty("classifier"));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return found;
    }

    /** Returns the settings by which a user chooses other libraries than those. */
    static Map<String, String> chosenByUser() {
        Map<String, String> chosen = new TreeMap<>();
        for (String name : List.of(
                "PYTORCH_LIBRARY_PATH", "PYTORCH_VERSION", "PYTORCH_FLAVOR", "DJL_CACHE_DIR", "ENGINE_CACHE_DIR")) {
            String value = System.getenv(name) == null ? System.getProperty(name) : System.getenv(name);
            if (value != null) {
                chosen.put(name, value);
            }
        }
        return chosen;
    }

    /** Returns the engine's libraries that this process has loaded, where Linux tells. */
    static List<String> loaded() {
        Path maps = Path.of("/proc/self/maps");
        try {
            return Files.exists(maps)
                    ? Files.readAllLines(maps).stream()
                            .filter(line -> line.matches(".*/[^/]*(torch|c10|cudart|cublas|cudnn)[^/]*\\.so[^/]*"))
                            .map(line -> line.substring(line.indexOf('/')))
                            .distinct()
                            .toList()
                    : List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the Maven artifacts that bring the libraries of this system. */
    static String artifacts() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String arch = System.getProperty("os.arch").equals("aarch64") ? "aarch64" : "x86_64";
        String system = os.startsWith("mac") ? "osx" : os.startsWith("win") ? "win" : "linux";
        return "ai.djl.pytorch:pytorch-jni and ai.djl.pytorch:pytorch-native-cpu:" + system + "-" + arch;
    }
}
