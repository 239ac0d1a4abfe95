package org.bonepeft.djl.model.roberta;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.nn.Parameter;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import org.bonepeft.djl.model.CrossEntropyLoss;
import org.junit.jupiter.api.Test;

/** Three hundred steps of a loop as a caller would write it. */
class RobertaTrainingTest {
    private static final int WARM_UP = 5;

    @Test
    void training_inAScopePerStep_learnsAndKeepsTheNumberOfArraysFlat() {
        try (NDManager manager = NDManager.newBaseManager()) {
            manager.getEngine().setRandomSeed(1);
            RobertaForMaskedLm model = RobertaForMaskedLm.create(Tiny.CONFIG, manager, 3);
            ParameterStore store = new ParameterStore(manager, false);
            NDArray ids = manager.create(new long[][] {{0, 7, 9, 5, 2}, {0, 8, 3, 2, 1}});
            NDArray mask = manager.create(new long[][] {{1, 1, 1, 1, 1}, {1, 1, 1, 1, 0}});
            NDArray labels = manager.create(new long[][] {{-100, 11, -100, 4, -100}, {-100, 6, -100, -100, -100}});
            int after = 0;
            double[] losses = new double[300];
            for (int step = 0; step < losses.length; step++) {
                losses[step] = step(manager, model, store, new NDList(ids, mask), labels);
                if (step == WARM_UP) {
                    after = manager.getManagedArrays().size();
                }
            }
            assertThat(manager.getManagedArrays()).hasSize(after);
            assertThat(losses[299]).isLessThan(losses[0] / 10);
        }
    }

    @Test
    void training_inAnUnmodifiedTrainer_learnsAndKeepsTheNumberOfArraysFlat() {
        try (Model holder = Model.newInstance("tiny")) {
            holder.setBlock(RobertaForSequenceClassification.create(Tiny.CONFIG, holder.getNDManager(), 3));
            Optimizer adam = Optimizer.adam()
                    .optLearningRateTracker(Tracker.fixed(0.003f))
                    .build();
            try (Trainer trainer =
                    holder.newTrainer(new DefaultTrainingConfig(new CrossEntropyLoss()).optOptimizer(adam))) {
                NDManager manager = trainer.getManager();
                NDArray ids = manager.create(new long[][] {{0, 7, 9, 2}, {0, 8, 2, 1}});
                NDArray mask = manager.create(new long[][] {{1, 1, 1, 1}, {1, 1, 1, 0}});
                NDArray labels = manager.create(new long[] {1, 0});
                trainer.initialize(ids.getShape(), mask.getShape());
                float first = step(trainer, new NDList(ids, mask), labels);
                int after = manager.getManagedArrays().size();
                float last = 0;
                for (int step = 0; step < 300; step++) {
                    try (NDScope scope = new NDScope()) {
                        scope.suppressNotUsedWarning();
                        last = step(trainer, new NDList(ids, mask), labels);
                    }
                }
                assertThat(manager.getManagedArrays()).hasSize(after);
                assertThat(last).isLessThan(first / 10);
            }
        }
    }

    private static float step(Trainer trainer, NDList inputs, NDArray labels) {
        NDArray loss;
        try (GradientCollector collector = trainer.newGradientCollector()) {
            loss = trainer.getLoss().evaluate(new NDList(labels), trainer.forward(inputs));
            collector.backward(loss);
        }
        trainer.step();
        return loss.getFloat();
    }

    private static double step(
            NDManager manager, RobertaForMaskedLm model, ParameterStore store, NDList inputs, NDArray labels) {
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            NDArray loss;
            try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
                NDArray logits = model.forward(store, inputs, true).singletonOrThrow();
                loss = CrossEntropyLoss.of(logits, labels);
                collector.backward(loss);
            }
            for (Parameter parameter : model.tensors().values()) {
                NDArray gradient = parameter.getArray().getGradient();
                parameter.getArray().subi(gradient.mul(0.05));
                gradient.subi(gradient);
            }
            return loss.getFloat();
        }
    }
}
