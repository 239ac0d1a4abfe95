package org.bonepeft.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
    private static final String STALE = ".a.json.01234567-89ab-cdef-0123-456789abcdef.tmp";

    @TempDir
    Path directory;

    private Path path = Path.of("");

    @BeforeEach
    void writeOldFile() throws IOException {
        path = directory.resolve("a.json");
        AtomicFile.write(path, new byte[] {'o', 'l', 'd'});
    }

    private void oldFileIsAllThereIs() {
        assertThat(path).hasContent("old");
        assertThat(directory.toFile().list()).containsExactly("a.json");
    }

    @Test
    void write_replaces() throws IOException {
        oldFileIsAllThereIs();
        AtomicFile.write(path, channel -> {
            assertThat(path).hasContent("old");
            channel.write(ByteBuffer.wrap(new byte[] {'n', 'e', 'w'}));
            assertThat(path).hasContent("old");
        });
        assertThat(path).hasContent("new");
        assertThat(directory.toFile().list()).containsExactly("a.json");
    }

    @Test
    void relativePath_isWritten() throws IOException {
        Path relative = Path.of("target", "atomic-file-test.txt");
        AtomicFile.write(relative, new byte[] {'x'});
        assertThat(relative).hasContent("x");
        Files.delete(relative);
    }

    @Test
    void contentThatFails_leavesTheOldFile() {
        assertThatThrownBy(() -> AtomicFile.write(path, channel -> {
                    channel.write(ByteBuffer.allocate(100));
                    throw new IllegalStateException("stop");
                }))
                .hasMessage("stop");
        oldFileIsAllThereIs();
    }

    @Test
    void channelThatFails_leavesTheOldFile() {
        assertThatThrownBy(() -> AtomicFile.write(path, channel -> {
                    Thread.currentThread().interrupt();
                    channel.write(ByteBuffer.allocate(100));
                }))
                .isInstanceOf(ClosedByInterruptException.class);
        assertThat(Thread.interrupted()).isTrue();
        oldFileIsAllThereIs();
    }

    @Test
    void renameThatFails_leavesWhatWasThere() throws IOException {
        Path occupied = Files.createDirectories(directory.resolve("occupied/by-a-directory"))
                .getParent();
        assertThatThrownBy(() -> AtomicFile.write(occupied, new byte[3])).isInstanceOf(IOException.class);
        assertThat(occupied.resolve("by-a-directory")).isDirectory();
        assertThat(directory.toFile().list()).containsExactlyInAnyOrder("a.json", "occupied");
    }

    @Test
    void missingDirectory_isAnIoException() {
        assertThatThrownBy(() -> AtomicFile.write(directory.resolve("none/a"), new byte[3]))
                .isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void staleTemporary_isSweptByTheNextWrite() throws IOException {
        Files.writeString(directory.resolve(STALE), "half");
        List<String> others =
                List.of(STALE.replace("a.json", "b.json"), ".a.json.tmp", ".a.json.mine.tmp", "x" + STALE, STALE + "x");
        for (String other : others) {
            Files.writeString(directory.resolve(other), "half");
        }
        AtomicFile.write(path, new byte[] {'n'});
        assertThat(directory.resolve(STALE)).doesNotExist();
        assertThat(directory.toFile().list()).hasSize(1 + others.size()).containsAll(others);
    }

    @Test
    void temporaryInUse_isLeft() throws IOException {
        try (FileChannel other =
                FileChannel.open(directory.resolve(STALE), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            AtomicFile.write(path, new byte[] {'n'}); // made by another program, not locked yet
            assertThat(directory.resolve(STALE)).exists();
            other.write(ByteBuffer.allocate(1));
            assertThat(other.lock().isValid()).isTrue();
            AtomicFile.write(path, new byte[] {'n'});
            assertThat(directory.resolve(STALE)).exists();
        }
        AtomicFile.write(path, new byte[] {'n'});
        assertThat(directory.resolve(STALE)).doesNotExist();
    }

    @Test
    void writeWithinAWrite_sweepsNothing() throws IOException {
        AtomicFile.write(path, channel -> {
            channel.write(ByteBuffer.wrap(new byte[] {'1'}));
            AtomicFile.write(path, new byte[] {'2'});
            assertThat(path).hasContent("2");
        });
        assertThat(path).hasContent("1");
        assertThat(directory.toFile().list()).containsExactly("a.json");
    }

    @Test
    void killedWriter_leavesTheOldFileAndItsTemporaryIsSwept() throws Exception {
        Process writer = fork("exec \"$0\" -cp \"$1\" \"$2\" \"$3\" hang", 0);
        try {
            assertThat(writer.getInputStream().read()).isEqualTo('w');
            assertThat(directory.toFile().list()).hasSize(2);
            AtomicFile.write(path, new byte[] {'o', 'l', 'd'});
            assertThat(directory.toFile().list())
                    .as("locked by a living program")
                    .hasSize(2);
        } finally {
            writer.destroyForcibly().waitFor();
        }
        assertThat(path).hasContent("old");
        AtomicFile.write(path, new byte[] {'o', 'l', 'd'});
        oldFileIsAllThereIs();
    }

    @Test
    void fullDisk_leavesTheOldFile() throws Exception {
        Process writer =
                fork("trap '' XFSZ; ulimit -f 64 && exec \"$0\" -XX:-UsePerfData -cp \"$1\" \"$2\" \"$3\" fill", 1);
        assertThat(writer.getInputStream().readAllBytes()).asString().contains("File too large");
        oldFileIsAllThereIs();
    }

    /** Runs {@link Writer} in a program of its own, by a line of shell. */
    private Process fork(String shell, int exit) throws Exception {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        Assumptions.assumeTrue(Files.isExecutable(java) && Files.isExecutable(Path.of("/bin/bash")), "no bash");
        Process process = new ProcessBuilder(
                        "/bin/bash",
                        "-c",
                        shell,
                        java.toString(),
                        System.getProperty("java.class.path"),
                        Writer.class.getName(),
                        path.toString())
                .redirectErrorStream(true)
                .start();
        if (exit != 0) {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(exit);
        }
        return process;
    }

    /** Writes a megabyte, and then waits to be killed if it is told to hang. */
    static final class Writer {
        private Writer() {}

        public static void main(String[] args) throws IOException {
            AtomicFile.write(Path.of(args[0]), channel -> {
                for (int i = 0; i < 16; i++) {
                    channel.write(ByteBuffer.allocate(1 << 16));
                }
                System.out.print('w');
                System.out.flush();
                while (args[1].equals("hang")) {
                    java.util.concurrent.locks.LockSupport.park();
                }
            });
        }
    }
}
