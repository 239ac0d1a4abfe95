package org.bonepeft.examples.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.nn.Parameter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.djl.torch.AdamW;
import org.bonepeft.djl.torch.TorchAutograd;

/** Forward with the loss, backward, clipping by the global norm, AdamW; the same batch in every step. */
final class TrainWork implements Work {
    private final NDManager manager;
    private final long tokens;
    private final Supplier<NDArray> loss;
    private final List<Parameter> trained;
    private final AdamW optimizer;
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
        this.tokens = tokens;
        this.loss = loss;
        this.rate = optimizer.number("lr");
        this.maxNorm = optimizer.number("clip_grad_norm");
        trained = model.getParameters().values().stream()
                .filter(Parameter::requiresGradient)
                .toList();
        Map<String, NDArray> arrays = new LinkedHashMap<>();
        trained.forEach(parameter -> arrays.put(parameter.getId(), parameter.getArray()));
        this.optimizer = AdamW.builder()
                .addGroup(arrays, 1, optimizer.number("weight_decay"))
                .optEps(optimizer.number("eps"))
                .build();
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
