package org.bonepeft.examples.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What a fresh process of the benchmark runs; prints its result as the last line. */
@Command(name = WorkerCommand.NAME, hidden = true)
final class WorkerCommand implements Callable<Integer> {
    static final String NAME = "worker";
    static final String MEMORY = "--memory";

    private final PrintStream out;

    @Parameters(description = "the job as JSON")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private String job;

    @Option(names = MEMORY, description = "measure the memory of a step instead of its time")
    private boolean memory;

    WorkerCommand(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() throws IOException {
        Worker worker = new Worker(Job.of(job));
        out.println(memory ? worker.allocPeak() : worker.time().json());
        return 0;
    }
}
