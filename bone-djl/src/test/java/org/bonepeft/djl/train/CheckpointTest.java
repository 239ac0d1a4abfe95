package org.bonepeft.djl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Lora;
import org.bonepeft.djl.model.llama.LlamaForCausalLm;
import org.bonepeft.safetensors.SafetensorsException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {
    @TempDir
    Path scratch;

    /** Remembers the sum of all losses, and stops the run after a step. */
    private static final class Sum implements TrainingListener {
        final int last;
        Runnable stop = () -> {};
        double sum;

        Sum(int last) {
            this.last = last;
        }

        @Override
        public void onStep(TrainingStep step) {
            sum += step.loss();
            if (step.step() == last) {
                stop.run();
            }
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

    private static TrainingConfig config() {
        return TinyTraining.config()
                .optMicroBatch(4)
                .optSchedule(Schedule.linear())
                .build();
    }

    private static TrainingResult run(TinyTraining tiny, Path folder, Sum sum, TrainingConfig config)
            throws IOException {
        double[] scores = {0.5, 0.2, 0.1, 0.3};
        FineTuner<LlamaForCausalLm, TokenBatch> tuner = tiny.tuner(config)
                .addListener(sum)
                .optCheckpoints(new CheckpointPlan(folder, 3, 2, true))
                .optResume(true)
                .optEvaluation(new EvaluationPlan(
                        () -> Map.of("score", scores[(int) Math.round(sum.sum * 1000) % 4]), 2, "score", true, 0))
                .build();
        sum.stop = tuner::stop;
        return tuner.train();
    }

    @Test
    void resumedRun_endsWithTheSameBits() throws IOException {
        Sum whole = new Sum(0);
        try (TinyTraining tiny = new TinyTraining(new Lora(4, 8), 0.2)) {
            run(tiny, scratch.resolve("whole"), whole, config());
        }
        int taken = 0;
        double last = 0;
        for (int stopAfter : new int[] {1, 5, 6, 8}) {
            Sum part = new Sum(stopAfter);
            try (TinyTraining tiny = new TinyTraining(new Lora(4, 8), 0.2)) {
                TrainingResult result = run(tiny, scratch.resolve("parts"), part, config());
                taken += result.steps().size();
                assertThat(result.end())
                        .isEqualTo(stopAfter == 8 ? TrainingResult.End.FINISHED : TrainingResult.End.INTERRUPTED);
            }
            last = part.sum;
        }
        assertThat(taken).isEqualTo(8);
        assertThat(last).isEqualTo(whole.sum);
        String file = "step-00000008.safetensors";
        assertThat(scratch.resolve("parts").resolve(file))
                .hasSameBinaryContentAs(scratch.resolve("whole").resolve(file));
    }

    @Test
    void lastAndBest_areKept_andBestComesBack() throws IOException {
        try (TinyTraining tiny = new TinyTraining(new Bone(4), 0)) {
            CheckpointPlan plan = new CheckpointPlan(scratch.resolve("run"), 1, 2, true);
            double[] score = {0};
            float[][] best = new float[1][];
            String name = "model.layers.0.mlp.up_proj.default.bone";
            tiny.tuner(config())
                    .optCheckpoints(plan)
                    .optEvaluation(new EvaluationPlan(() -> Map.of("score", score[0]--), 2, "score", true, 0))
                    .addListener(new TrainingListener() {
                        @Override
                        public void onEvaluation(Evaluation evaluation) {
                            if (evaluation.best()) {
                                best[0] = tiny.values().get(name);
                            }
                        }
                    })
                    .build()
                    .train();
            assertThat(plan.all()).containsExactly(plan.file(2), plan.file(7), plan.file(8));
            assertThat(plan.newest()).contains(plan.file(8));
            assertThat(plan.best()).contains(plan.file(2));
            assertThat(tiny.values().get(name)).isNotEqualTo(best[0]);
            Checkpoint.restore(plan.best().orElseThrow(), tiny.model);
            assertThat(tiny.values().get(name)).isEqualTo(best[0]);
        }
    }

    @Test
    void earlyStopping_staysStoppedWhenResumed() throws IOException {
        for (int steps : new int[] {3, 0}) {
            try (TinyTraining tiny = new TinyTraining(new Bone(4), 0)) {
                double[] score = {0};
                TrainingResult result = tiny.tuner(config())
                        .optCheckpoints(CheckpointPlan.of(scratch.resolve("run"), 100))
                        .optResume(true)
                        .optEvaluation(new EvaluationPlan(() -> Map.of("loss", score[0]++), 1, "loss", false, 2))
                        .build()
                        .train();
                assertThat(result.end()).isEqualTo(TrainingResult.End.STOPPED_EARLY);
                assertThat(result.steps()).hasSize(steps);
            }
        }
    }

    @Test
    void whatDoesNotFit_isRefused() throws IOException {
        Path folder = scratch.resolve("run");
        try (TinyTraining tiny = new TinyTraining(new Bone(4), 0)) {
            run(tiny, folder, new Sum(4), config());
            assertThatThrownBy(() -> tiny.tuner(config())
                            .optCheckpoints(CheckpointPlan.of(folder, 3))
                            .build()
                            .train())
                    .isInstanceOf(BoneException.class)
                    .hasMessageContaining("has checkpoints of a run already");
            assertThatThrownBy(() -> run(
                            tiny,
                            folder,
                            new Sum(0),
                            TinyTraining.config().optMicroBatch(4).build()))
                    .isInstanceOf(BoneException.class)
                    .hasMessageContaining("schedule was Schedule[decay=LINEAR");
        }
        try (TinyTraining other = new TinyTraining(new Bone(8), 0)) {
            assertThatThrownBy(() -> run(other, folder, new Sum(0), config()))
                    .isInstanceOf(BoneException.class)
                    .hasMessageContaining("is of another model or adapter")
                    .hasMessageContaining("model.layers.0.self_attn.q_proj.default.bone");
        }
    }

    @Test
    void aTornFile_isAnError() throws IOException {
        CheckpointPlan plan = CheckpointPlan.of(scratch, 1);
        Files.writeString(plan.file(3), "torn");
        try (TinyTraining tiny = new TinyTraining(new Bone(4), 0)) {
            assertThatThrownBy(() -> tiny.tuner(config())
                            .optCheckpoints(plan)
                            .optResume(true)
                            .build()
                            .train())
                    .isInstanceOf(SafetensorsException.class)
                    .hasMessageContaining("step-00000003");
        }
    }

    @Test
    void changedFrozenWeights_areFound() throws IOException {
        try (TinyTraining tiny = new TinyTraining(new Bone(4), 0)) {
            TrainingConfig config = TinyTraining.config().optVerifyFrozen(true).build();
            tiny.tuner(config).build().train();
            assertThatThrownBy(() -> tiny.tuner(config)
                            .addListener(new TrainingListener() {
                                @Override
                                public void onStep(TrainingStep step) {
                                    tiny.model
                                            .tensors()
                                            .get("model.norm.weight")
                                            .getArray()
                                            .muli(1.001f);
                                }
                            })
                            .build()
                            .train())
                    .isInstanceOf(BoneException.class)
                    .hasMessageContaining("changed frozen weights: [model.norm.weight]");
        }
    }
}
