package org.bonepeft.examples.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.nn.Parameter;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.bonepeft.djl.backend.Scalars;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.djl.torch.AdamW;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.djl.train.AdamWConfig;
import org.bonepeft.djl.train.FineTuner;
import org.bonepeft.djl.train.MicroBatch;
import org.bonepeft.djl.train.TrainingConfig;
import org.bonepeft.djl.train.TrainingData;
import org.bonepeft.djl.train.TrainingListener;
import org.bonepeft.djl.train.TrainingStep;

/** Forward with the loss, backward, clipping by the global norm, AdamW; the same batch in every step. */
final class TrainWork implements Work {
    private static final int MEMORY_STEPS = 5;

    private final NDManager manager;
    private final ModelBlock model;
    private final long tokens;
    private final Supplier<NDArray> loss;
    private final List<Parameter> trained;
    private final AdamW optimizer;
    private final double decay;
    private final double eps;
    private final double rate;
    private final double maxNorm;
    private double last = Double.NaN;

    /**
     * Creates the work.
     *
     * @param manager owns everything, and is closed with this
     * @param loss makes the loss of the batch from the model, on this thread
     */
    TrainWork(NDManager manager, ModelBlock model, long tokens, Supplier<NDArray> loss, Fields optimizer) {
        this.manager = manager;
        this.model = model;
        this.tokens = tokens;
        this.loss = loss;
        this.rate = optimizer.number("lr");
        this.maxNorm = optimizer.number("clip_grad_norm");
        this.decay = optimizer.number("weight_decay");
        this.eps = optimizer.number("eps");
        trained = model.getParameters().values().stream()
                .filter(Parameter::requiresGradient)
                .toList();
        Map<String, NDArray> arrays = new LinkedHashMap<>();
        trained.forEach(parameter -> arrays.put(parameter.getId(), parameter.getArray()));
        this.optimizer = AdamW.builder().addGroup(arrays, 1, decay).optEps(eps).build();
    }

    ModelBlock model() {
        return model;
    }

    @Override
    public long tokens() {
        return tokens;
    }

    @Override
    @SuppressWarnings("try") // the recording mode is not named again
    public void step() {
        try (NDScope scope = new NDScope();
                TorchAutograd recording = TorchAutograd.enabled()) {
            scope.suppressNotUsedWarning();
            NDArray value = loss.get();
            TorchAutograd.backward(value);
            last = value.getFloat();
        }
        if (!trained.isEmpty()) {
            optimizer.step(rate, maxNorm);
            optimizer.zeroGradients();
        }
        Bench.synchronize(manager);
    }

    /** Takes steps by hand, and returns the milliseconds of each. */
    double[] steps(int count) {
        double[] ms = new double[count];
        for (int i = 0; i < count; i++) {
            long start = System.nanoTime();
            step();
            ms[i] = (System.nanoTime() - start) / 1e6;
        }
        return ms;
    }

    /** Takes the same steps by the library's loop, and returns the milliseconds from the end of one to that of the next. */
    double[] tunerSteps(int count, boolean recomputes) throws IOException {
        double[] ms = new double[count];
        tune(count + 1, recomputes, new TrainingListener() {
            private long before;

            @Override
            public void onStep(TrainingStep step) {
                long now = System.nanoTime();
                if (step.step() > 1) {
                    ms[step.step() - 2] = (now - before) / 1e6;
                }
                before = System.nanoTime();
            }
        });
        return ms;
    }

    /** Returns by how many MiB each of some steps of the library's loop lets the resident memory grow. */
    double[] peaks(boolean recomputes) throws IOException {
        double[] mib = new double[MEMORY_STEPS - 2];
        tune(MEMORY_STEPS, recomputes, new TrainingListener() {
            private double before;

            @Override
            public void onStep(TrainingStep step) {
                if (step.step() > 2) {
                    mib[step.step() - 3] = ProcessMemory.peak() - before;
                }
                ProcessMemory.trim();
                ProcessMemory.resetPeak();
                before = ProcessMemory.resident();
            }
        });
        return mib;
    }

    /** The batch of all steps. */
    private record Same(double weight, long tokens) implements MicroBatch {}

    private void tune(int steps, boolean recomputes, TrainingListener listener) throws IOException {
        FineTuner.<ModelBlock, Same>builder(model, (same, batch, pass) -> Scalars.times(loss.get(), batch.weight()))
                .setData(TrainingData.of(List.of(1), some -> new Same(tokens, tokens)))
                .setConfig(TrainingConfig.builder()
                        .setBatchSize(1)
                        .setSteps(steps)
                        .setLearningRate(rate)
                        .optMaxNorm(maxNorm)
                        .optOptimizer(AdamWConfig.defaults().withEps(eps).withWeightDecay(decay, true))
                        .optCheckpointLayers(recomputes)
                        .build())
                .addListener(listener)
                .build()
                .train();
    }

    @Override
    public double check() {
        return last;
    }

    @Override
    public long trainable() {
        return trained.stream()
                .mapToLong(parameter -> parameter.getArray().size())
                .sum();
    }

    @Override
    public void close() {
        optimizer.close();
        manager.close();
    }
}
