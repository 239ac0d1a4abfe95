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
        String printed = run("README.md", "Example", "src-test-data/golden/models/roberta-cls-tiny");
        assertThat(folder.resolve("out/adapter_model.safetensors")).isNotEmptyFile();
        assertThat(printed).contains("trainable", "attention.self.query: bone");
    }

    @Test
    void trainingExample_compilesAndRuns_alsoAgain() throws Exception {
        assertThat(run("docs/TRAINING.md", "Train", "src-test-data/mini-llama")).startsWith("FINISHED, loss");
        assertThat(folder.resolve("out/adapter/adapter_model.safetensors")).isNotEmptyFile();
        assertThat(Files.readAllLines(folder.resolve("out/run.jsonl"))).hasSize(1 + 8 + 2 + 1);
        assertThat(run("docs/TRAINING.md", "Train", "src-test-data/mini-llama"))
                .startsWith("FINISHED, loss of each step []");
    }

    /** Compiles the first Java block of a document, runs it on a model and an output folder, returns what it prints. */
    private String run(String document, String name, String model) throws Exception {
        Path source = Files.writeString(folder.resolve(name + ".java"), block(document, "java"));
        ByteArrayOutputStream messages = new ByteArrayOutputStream();
        int code = ToolProvider.getSystemJavaCompiler()
                .run(null, messages, messages, "-d", "" + folder, "-cp", classPath(), "" + source);
        assertThat(code).as(messages.toString(UTF_8)).isZero();

        PrintStream out = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {folder.toUri().toURL()})) {
            System.setOut(new PrintStream(printed, true, UTF_8));
            loader.loadClass(name).getMethod("main", String[].class).invoke(null, (Object)
                    new String[] {"" + ROOT.resolve(model), "" + folder.resolve("out")});
        } finally {
            System.setOut(out);
        }
        return printed.toString(UTF_8);
    }

    @Test
    void dependency_hasTheProjectsVersion() throws IOException {
        Matcher version = Pattern.compile("<version>.*</version>").matcher(block("README.md", "xml"));
        assertThat(version.find()).isTrue();
        assertThat(ROOT.resolve("pom.xml"))
                .content()
                .contains("<artifactId>bone-parent</artifactId>\n  " + version.group());
    }

    private static String block(String document, String language) throws IOException {
        Matcher block = Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(ROOT.resolve(document)));
        assertThat(block.find()).isTrue();
        return block.group(1);
    }

    private static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }
}
