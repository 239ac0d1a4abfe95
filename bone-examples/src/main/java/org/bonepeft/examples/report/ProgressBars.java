package org.bonepeft.examples.report;

import java.io.Console;
import java.io.PrintStream;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Progress bars as all commands have them. */
final class ProgressBars {
    private static final int WIDTH = 110;

    private ProgressBars() {}

    /** Returns a bar from 0 to {@code max}: on a terminal one line that is redrawn, else a line every ten seconds. */
    static ProgressBarBuilder builder(String name, long max, PrintStream err) {
        boolean terminal = terminal();
        return new ProgressBarBuilder()
                .setTaskName(name)
                .setInitialMax(max)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(terminal ? 500 : 10_000)
                .setConsumer(
                        terminal
                                ? new ConsoleProgressBarConsumer(err, WIDTH)
                                : new DelegatingProgressBarConsumer(lines(err), WIDTH));
    }

    /** The bar renders its end twice. */
    private static Consumer<String> lines(PrintStream err) {
        AtomicReference<String> last = new AtomicReference<>("");
        return line -> {
            if (!line.equals(last.getAndSet(line))) {
                err.println(line);
            }
        };
    }

    /** Before JDK 22 there is no console without a terminal; since then it must be asked. */
    @SuppressWarnings("SystemConsoleNull")
    private static boolean terminal() {
        Console console = System.console();
        try {
            return console != null
                    && (boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (ReflectiveOperationException e) {
            return true;
        }
    }
}
