package org.bonepeft.examples.doctor;

import java.io.PrintStream;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code bone doctor}: versions, native libraries, devices, and what to do about what is missing. */
@Command(
        name = "doctor",
        description = {
            "Prints the engine, versions, native libraries and where they are, devices and their memory, and what to do"
                    + " about what is missing.",
            "The exit code is 1 if nothing can run."
        })
public final class DoctorCommand implements Callable<Integer> {
    private final PrintStream out;

    /** Creates the command. */
    public DoctorCommand(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() {
        Diagnosis diagnosis = Diagnosis.ofThisMachine();
        diagnosis.findings().forEach((what, found) -> {
            String title = what;
            for (String line : found) {
                out.println(String.format(Locale.ROOT, "%-26s%s", title, line));
                title = "";
            }
        });
        diagnosis.advice().forEach(advice -> out.println("- " + advice));
        return diagnosis.runs() ? 0 : 1;
    }
}
