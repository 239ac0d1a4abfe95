package org.bonepeft.djl.train;

import ai.djl.engine.Engine;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bonepeft.adapter.Lora;
import org.bonepeft.djl.model.llama.LlamaForCausalLm;

/** A training run in a JVM of its own, which goes on from where the last one was killed. It says each step. */
final class TrainingChild {
    private TrainingChild() {}

    /** Starts one over a folder of checkpoints. */
    static Process start(Path folder, int steps) throws IOException {
        return start(folder.toString(), steps);
    }

    /** Starts one without checkpoints. */
    static Process start(int steps) throws IOException {
        return start("", steps);
    }

    private static Process start(String folder, int steps) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx256m",
                "-DDJL_OFFLINE=true",
                "-DOPT_OUT_TRACKING=true",
                "-Dai.djl.pytorch.num_threads=1",
                "-cp",
                System.getProperty("java.class.path").replace("\n", File.pathSeparator),
                TrainingChild.class.getName(),
                folder,
                "" + steps);
        builder.environment().put("OMP_NUM_THREADS", "1");
        return builder.redirectErrorStream(true).start();
    }

    /** Remembers the sum of all losses. */
    private static final class Log implements TrainingListener {
        private double sum;

        @Override
        public void onStart(TrainingRun run) {
            System.out.println("start " + run.startStep());
        }

        @Override
        public void onStep(TrainingStep step) {
            sum += step.loss();
            System.out.println("step " + step.step());
        }

        @Override
        public void onEnd(TrainingResult result) {
            System.out.println("end " + result.end());
        }

        @Override
        public String state() {
            return "" + sum;
        }

        @Override
        public void restore(String state) {
            sum = Double.parseDouble(state);
        }
    }

    /** Trains: the folder, or nothing, and the number of steps. */
    public static void main(String[] arguments) throws IOException {
        Engine.getEngine(Replica.ENGINE);
        try (TinyTraining tiny = new TinyTraining(new Lora(4, 8), 0.2)) {
            Log log = new Log();
            FineTuner.Builder<LlamaForCausalLm, TokenBatch> tuner = tiny.tuner(TinyTraining.config()
                            .optMicroBatch(4)
                            .setSteps(Integer.parseInt(arguments[1]))
                            .build())
                    .addListener(log)
                    .optEvaluation(new EvaluationPlan(() -> Map.of("sum", log.sum % 1), 7, "sum", true, 0));
            if (!arguments[0].isEmpty()) {
                tuner.optCheckpoints(new CheckpointPlan(Path.of(arguments[0]), 3, 2, true))
                        .optResume(true);
            }
            System.out.println("ready " + List.of(arguments));
            tuner.build().train();
        }
    }
}
