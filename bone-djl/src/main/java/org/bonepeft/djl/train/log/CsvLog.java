package org.bonepeft.djl.train.log;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.bonepeft.djl.train.TrainingRun;
import org.bonepeft.djl.train.TrainingStep;

/** A table of the steps, for a spreadsheet: a title line, then a line of numbers for each. */
public final class CsvLog extends FileLog {
    /** Logs into a file, which must not be there yet unless the run goes on from a checkpoint. */
    public CsvLog(Path file) {
        super(file);
    }

    private void line(Object... cells) {
        StringBuilder line = new StringBuilder();
        for (Object cell : cells) {
            line.append(line.isEmpty() ? "" : ",").append(cell);
        }
        write(line.append('\n').toString().getBytes(StandardCharsets.UTF_8));
    }

    @Override
    void writeHeader(TrainingRun run) {
        line("step", "epoch", "loss", "gradient_norm", "learning_rate", "tokens", "seconds", "updated");
    }

    @Override
    public void onStep(TrainingStep step) {
        line(
                step.step(),
                step.epoch(),
                step.loss(),
                step.gradientNorm(),
                step.learningRate(),
                step.tokens(),
                step.seconds(),
                step.updated() ? 1 : 0);
    }
}
