package org.bonepeft.examples.bench;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.bonepeft.BoneException;
import org.bonepeft.examples.Main;

/** Other processes: this program again, with its memory to itself, or another one. */
final class FreshProcess {
    /**
     * Small and of one size, so that Java's own memory hardly moves beside that of the tensors. A process of a benchmark
     * lives for seconds, of which Java's second compiler would work for two or three, on a core that PyTorch needs.
     */
    private static final List<String> JVM = List.of(
            "-Xms192m",
            "-Xmx192m",
            "-Xmn32m",
            "-XX:MaxDirectMemorySize=4g",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1");

    /** Every block of 128 KiB comes from the system and goes back there at once. */
    static final Map<String, String> EXACT_MEMORY =
            Map.of("MALLOC_MMAP_THRESHOLD_", "131072", "MALLOC_TRIM_THRESHOLD_", "0");

    private FreshProcess() {}

    /**
     * Runs {@code bone} with these arguments and returns the last line that it prints; what it complains of goes to the
     * standard error of this process.
     *
     * @param environment additional variables
     */
    static String bone(int threads, Map<String, String> environment, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current()
                .info()
                .command()
                .orElse(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(JVM);
        command.add("-Dai.djl.pytorch.num_threads=" + threads);
        command.addAll(properties());
        command.addAll(List.of("-cp", classPath(), Main.class.getName()));
        command.addAll(arguments);
        return run(threads, environment, command);
    }

    /** Runs a command and returns the last line that it prints; empty if it prints none. */
    static String run(int threads, Map<String, String> environment, List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().put("OMP_NUM_THREADS", Integer.toString(threads));
        builder.environment().put("MKL_NUM_THREADS", Integer.toString(threads));
        builder.environment().putAll(environment);
        try {
            Process process = builder.start();
            String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int code = process.waitFor();
            if (code != 0) {
                throw new BoneException(Path.of(command.get(0)).getFileName() + " ended with exit code " + code);
            }
            return printed.lines().reduce("", (before, line) -> line);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BoneException("interrupted", e);
        }
    }

    /** What this process was told about DJL and its natives. */
    private static List<String> properties() {
        return System.getProperties().stringPropertyNames().stream()
                .filter(name -> name.matches("(PYTORCH|DJL|ENGINE|OPT_OUT)_.*"))
                .map(name -> "-D" + name + "=" + System.getProperty(name))
                .toList();
    }

    /** The class path of this program, also inside Maven, where it has a class loader of its own. */
    private static String classPath() {
        if (Main.class.getClassLoader() instanceof URLClassLoader loader) {
            return Arrays.stream(loader.getURLs())
                    .map(FreshProcess::file)
                    .collect(Collectors.joining(File.pathSeparator));
        }
        return System.getProperty("java.class.path");
    }

    private static String file(URL url) {
        try {
            return Path.of(url.toURI()).toString();
        } catch (java.net.URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
