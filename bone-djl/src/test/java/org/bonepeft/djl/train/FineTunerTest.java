package org.bonepeft.djl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Lora;
import org.bonepeft.djl.model.llama.LlamaForCausalLm;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.Test;

class FineTunerTest {
    private record Run(TrainingResult result, Map<String, float[]> values) {}

    private static Run run(TrainingConfig config, double dropout) throws IOException {
        try (TinyTraining tiny = new TinyTraining(new Lora(4, 8), dropout)) {
            return new Run(tiny.tuner(config).build().train(), tiny.values());
        }
    }

    @Test
    void accumulatedSteps_areThoseOfTheWholeBatch() throws IOException {
        Run whole = run(TinyTraining.config().build(), 0);
        for (int micro : new int[] {1, 4}) {
            Run parts = run(TinyTraining.config().optMicroBatch(micro).build(), 0);
            for (int i = 0; i < 8; i++) {
                TrainingStep expected = whole.result.steps().get(i);
                TrainingStep step = parts.result.steps().get(i);
                check("loss", step.loss(), expected.loss());
                check("norm", step.gradientNorm(), expected.gradientNorm());
                assertThat(step.tokens()).isEqualTo(expected.tokens());
                assertThat(step.epoch()).isEqualTo(expected.epoch());
            }
            whole.values.forEach((name, expected) -> Tolerance.TRAINING.check(name, parts.values.get(name), expected));
        }
    }

    private static void check(String what, double actual, double expected) {
        Tolerance.FLOAT32.check(what, new double[] {actual}, new double[] {expected});
    }

    @Test
    void loss_isTheMeanOverTokensNotOverSequences() throws IOException {
        try (TinyTraining tiny = new TinyTraining(new Bone(4), 0)) {
            TrainingData<TokenBatch> data = TinyTraining.data(20);
            double sum = 0;
            double count = 0;
            FineTuner<LlamaForCausalLm, TokenBatch> tuner = tiny.tuner(TrainingConfig.builder()
                            .setBatchSize(20)
                            .optMicroBatch(3)
                            .setSteps(1)
                            .setLearningRate(1e-9)
                            .build())
                    .build();
            for (int i = 0; i < 20; i++) {
                TokenBatch one = data.batch(new int[] {i});
                int example = i;
                TrainingData<TokenBatch> alone = TrainingData.of(List.of(example), some -> one);
                sum += tuner.meanLoss(alone) * one.weight();
                count += one.weight();
            }
            check("loss", tuner.train().losses().get(0), sum / count);
            check("mean loss", tuner.meanLoss(data), sum / count);
        }
    }

    @Test
    void sameSeed_givesTheSameBits_withDropout() throws IOException {
        Run first = run(TinyTraining.config().build(), 0.3);
        Run second = run(TinyTraining.config().build(), 0.3);
        assertThat(second.result.losses()).isEqualTo(first.result.losses());
        first.values.forEach(
                (name, values) -> assertThat(second.values.get(name)).isEqualTo(values));
        assertThat(run(TinyTraining.config().build(), 0).result.losses()).isNotEqualTo(first.result.losses());
        assertThat(run(TinyTraining.config().optSeed(1).build(), 0.3).result.losses())
                .isNotEqualTo(first.result.losses());
    }

    @Test
    void training_lowersTheLoss_andTellsListeners() throws IOException {
        List<String> heard = new ArrayList<>();
        TrainingListener listener = new TrainingListener() {
            @Override
            public void onStart(TrainingRun run) {
                heard.add("start " + run.steps() + " " + run.examples());
            }

            @Override
            public void onStep(TrainingStep step) {
                heard.add("step " + step.step());
            }

            @Override
            public void onEvaluation(Evaluation evaluation) {
                heard.add("evaluation " + evaluation.step() + " " + evaluation.best());
            }

            @Override
            public void onEnd(TrainingResult result) {
                heard.add("end " + result.end());
            }
        };
        try (TinyTraining tiny = new TinyTraining(new Bone(4), 0)) {
            FineTuner<LlamaForCausalLm, TokenBatch> tuner = tiny.tuner(TrainingConfig.builder()
                            .setBatchSize(10)
                            .setEpochs(2)
                            .setLearningRate(0.03)
                            .build())
                    .addListener(listener)
                    .optEvaluation(new EvaluationPlan(() -> Map.of("loss", 1.0), 2, "loss", false, 0))
                    .build();
            double before = tuner.meanLoss(TinyTraining.data(20));
            tuner.train();
            assertThat(tuner.meanLoss(TinyTraining.data(20))).isLessThan(0.9 * before);
        }
        assertThat(heard)
                .containsExactly(
                        "start 4 20",
                        "step 1",
                        "step 2",
                        "evaluation 2 true",
                        "step 3",
                        "step 4",
                        "evaluation 4 false",
                        "end FINISHED");
    }

    @Test
    void whatCannotBe_isRefused() {
        assertThatThrownBy(() -> TinyTraining.config().setEpochs(2).build())
                .hasMessage("steps 8, epochs 2.0; expected one of both above 0, and the other 0");
        assertThatThrownBy(() -> TinyTraining.config()
                        .setSteps(0)
                        .setEpochs(Double.POSITIVE_INFINITY)
                        .build())
                .hasMessageContaining("epochs Infinity");
        try (TinyTraining tiny = new TinyTraining(new Bone(4), 0)) {
            FineTuner.Builder<LlamaForCausalLm, TokenBatch> tuner =
                    tiny.tuner(TinyTraining.config().build()).optResume(true);
            assertThatThrownBy(tuner::build).isInstanceOf(BoneException.class).hasMessageContaining("optCheckpoints");
        }
    }

    @Test
    void patience_endsTheRun() throws IOException {
        double[] scores = {0.5, 0.7, 0.6, 0.7, 0.9};
        int[] calls = {0};
        try (TinyTraining tiny = new TinyTraining(new Bone(4), 0)) {
            TrainingResult result = tiny.tuner(TinyTraining.config().build())
                    .optEvaluation(new EvaluationPlan(() -> Map.of("score", scores[calls[0]++]), 1, "score", true, 2))
                    .build()
                    .train();
            assertThat(result.end()).isEqualTo(TrainingResult.End.STOPPED_EARLY);
            assertThat(result.steps()).hasSize(4);
            assertThat(result.evaluations()).extracting(Evaluation::best).containsExactly(true, true, false, false);
        }
    }

    @Test
    void aMetricThatIsNoNumber_isNeverTheBest() {
        for (boolean higher : new boolean[] {false, true}) {
            EvaluationPlan plan = new EvaluationPlan(Map::of, 1, "score", higher, 0);
            assertThat(plan.isBetter(Double.NaN, Double.NaN)).isFalse();
            assertThat(plan.isBetter(Double.NaN, 1)).isFalse();
            assertThat(plan.isBetter(1, Double.NaN)).isTrue();
            assertThat(plan.isBetter(2, 1)).isEqualTo(higher);
        }
    }

    /** An objective that is infinite, or whose gradient is, for one step. */
    private static Objective<LlamaForCausalLm, TokenBatch> broken(int badCall, boolean gradientOnly) {
        int[] calls = {0};
        Objective<LlamaForCausalLm, TokenBatch> good = Objective.nextToken();
        return (model, batch, pass) -> {
            NDArray sum = good.sum(model, batch, pass);
            if (calls[0]++ != badCall) {
                return sum;
            }
            NDArray difference = sum.sub(sum.getFloat());
            return gradientOnly ? sum.add(difference.sqrt()) : sum.div(difference);
        };
    }

    @Test
    void notFinite_stopsBeforeTheUpdate_namingStepAndParameter() throws IOException {
        for (boolean gradientOnly : new boolean[] {false, true}) {
            try (TinyTraining tiny = new TinyTraining(new Lora(4, 8), 0)) {
                List<Map<String, float[]>> after = new ArrayList<>();
                List<TrainingResult> ends = new ArrayList<>();
                FineTuner<LlamaForCausalLm, TokenBatch> tuner = FineTuner.builder(tiny.model, broken(3, gradientOnly))
                        .setData(TinyTraining.data(20))
                        .setConfig(TinyTraining.config().build())
                        .addListener(new TrainingListener() {
                            @Override
                            public void onStep(TrainingStep step) {
                                after.add(tiny.values());
                            }

                            @Override
                            public void onEnd(TrainingResult result) {
                                ends.add(result);
                            }
                        })
                        .build();
                assertThatThrownBy(tuner::train)
                        .isInstanceOf(NonFiniteException.class)
                        .hasMessageContaining("step 4")
                        .hasMessageContaining("gradient of model.layers.0.self_attn.q_proj.default.lora_")
                        .hasMessageContaining("Nothing was updated");
                assertThat(ends).extracting(TrainingResult::end).containsExactly(TrainingResult.End.FAILED);
                assertThat(after).hasSize(3);
                tiny.values().forEach((name, values) -> assertThat(after.get(2).get(name))
                        .isEqualTo(values));
            }
        }
    }

    @Test
    void notFinite_isLeftOutAndCounted_byChoice() throws IOException {
        try (TinyTraining tiny = new TinyTraining(new Lora(4, 8), 0)) {
            TrainingResult result = FineTuner.builder(tiny.model, broken(3, true))
                    .setData(TinyTraining.data(20))
                    .setConfig(TinyTraining.config().optSkipNonFinite(true).build())
                    .build()
                    .train();
            assertThat(result.end()).isEqualTo(TrainingResult.End.FINISHED);
            assertThat(result.skipped()).isEqualTo(1);
            assertThat(result.steps())
                    .extracting(TrainingStep::updated)
                    .containsExactly(true, true, true, false, true, true, true, true);
        }
    }

    @Test
    void loraPlus_learnsBFaster() throws IOException {
        TrainingConfig.Builder once = TinyTraining.config()
                .setSteps(1)
                .optOptimizer(AdamWConfig.defaults())
                .optSchedule(Schedule.constant());
        Map<String, float[]> plain = run(once.build(), 0).values();
        Map<String, float[]> plus = run(
                        once.optOptimizer(AdamWConfig.defaults().withLoraPlus(16))
                                .build(),
                        0)
                .values();
        String layer = "model.layers.0.self_attn.q_proj.default.";
        assertThat(plus.get(layer + "lora_A")).isEqualTo(plain.get(layer + "lora_A"));
        float[] slow = plain.get(layer + "lora_B");
        float[] fast = plus.get(layer + "lora_B");
        for (int i = 0; i < slow.length; i++) {
            slow[i] *= 16;
        }
        Tolerance.FLOAT32.check("B", fast, slow);
    }

    @Test
    void vectors_decayByChoiceAlone() throws IOException {
        assertThat(Set.of(true, false)).allSatisfy(vectorsToo -> {
            try (TinyTraining tiny = new TinyTraining(new org.bonepeft.adapter.Dora(4, 8), 0)) {
                String name = "model.layers.0.mlp.up_proj.default.magnitude";
                float[] before = tiny.values().get(name);
                // A learning rate that the decay alone can be seen with: the update itself moves by it at most.
                tiny.tuner(TrainingConfig.builder()
                                .setBatchSize(6)
                                .setSteps(1)
                                .setLearningRate(1e-6)
                                .optOptimizer(AdamWConfig.defaults().withWeightDecay(1e5, vectorsToo))
                                .build())
                        .build()
                        .train();
                float[] after = tiny.values().get(name);
                double factor = vectorsToo ? 0.9 : 1;
                for (int i = 0; i < after.length; i++) {
                    assertThat((double) after[i])
                            .isCloseTo(factor * before[i], org.assertj.core.api.Assertions.within(1e-5));
                }
            }
        });
    }

    @Test
    void aFrozenModel_isRefused() {
        try (TinyTraining tiny = new TinyTraining(new Bone(4), 0)) {
            tiny.model.freezeParameters(true);
            assertThatThrownBy(() ->
                            tiny.tuner(TinyTraining.config().build()).build().train())
                    .isInstanceOf(BoneException.class)
                    .hasMessageContaining("all are frozen");
        }
    }

    @Test
    void anErrorInTheData_leavesTrain() {
        try (TinyTraining tiny = new TinyTraining(new Bone(4), 0)) {
            TrainingData<TokenBatch> data = TrainingData.of(List.of(1, 2, 3), some -> {
                throw new BoneException("example is torn");
            });
            assertThatThrownBy(() -> tiny.tuner(TinyTraining.config().build())
                            .setData(data)
                            .build()
                            .train())
                    .hasMessage("example is torn");
        }
    }
}
