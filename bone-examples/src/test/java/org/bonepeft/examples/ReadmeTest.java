package org.bonepeft.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadmeTest {
    private static final Path ROOT = Path.of(System.getProperty("bone.root", "."));

    @TempDir
    private Path folder;

    @Test
    void example_compilesAndRuns() throws Exception {
        Path source = Files.writeString(folder.resolve("Example.java"), block("java"));
        ByteArrayOutputStream messages = new ByteArrayOutputStream();
        int code = ToolProvider.getSystemJavaCompiler()
                .run(null, messages, messages, "-d", "" + folder, "-cp", classPath(), "" + source);
        assertThat(code).as(messages.toString(UTF_8)).isZero();

        PrintStream out = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {folder.toUri().toURL()})) {
            System.setOut(new PrintStream(printed, true, UTF_8));
            Path model = ROOT.resolve("src-test-data/golden/models/roberta-cls-tiny");
            Path adapter = folder.resolve("adapter");
            loader.loadClass("Example").getMethod("main", String[].class).invoke(null, (Object)
                    new String[] {"" + model, "" + adapter});
        } finally {
            System.setOut(out);
        }
        assertThat(folder.resolve("adapter/adapter_model.safetensors")).isNotEmptyFile();
        assertThat(printed.toString(UTF_8)).contains("trainable", "attention.self.query: bone");
    }

    @Test
    void dependency_hasTheProjectsVersion() throws IOException {
        Matcher version = Pattern.compile("<version>.*</version>").matcher(block("xml"));
        assertThat(version.find()).isTrue();
        assertThat(ROOT.resolve("pom.xml"))
                .content()
                .contains("<artifactId>bone-parent</artifactId>\n  " + version.group());
    }

    private static String block(String language) throws IOException {
        Matcher block = Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(ROOT.resolve("README.md")));
        assertThat(block.find()).isTrue();
        return block.group(1);
    }

    private static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }
}
