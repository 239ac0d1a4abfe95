package org.bonepeft.djl.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDScope;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.LayerRunner;
import org.bonepeft.djl.torch.TorchAutograd;

/**
 * Activation checkpointing (Chen et al. 2016), layer by layer: forward, a layer runs without recording, and its outputs
 * become leaves; backward, from the last layer to the first, it runs again with recording, and the gradients that have
 * arrived at its outputs go through it to its inputs, which are the leaves of the layer before.
 *
 * <p>Where a layer keeps matrices as large as its weights (Bat by columns), the same is done to its parts while it runs
 * again, so that they are there of one part at a time.
 *
 * <p>The random generator is seeded before each layer and part, and before it runs again, so dropout is the same both
 * times. It is seeded in the same way without checkpointing: the gradients have the same bits.
 */
final class LayerTape implements LayerRunner {
    private final boolean recomputes;
    private final Seeds seeds;
    private final List<Segment> segments = new ArrayList<>();
    private int layers;
    private boolean keepsWeights;

    /** What a layer made that it was not given, and another handle of it, since the model may close its own. */
    private record Output(int place, NDArray array, NDArray leaf) {
        void close() {
            array.close();
            leaf.close();
        }
    }

    private record Segment(
            UnaryOperator<NDList> layer, NDList inputs, List<Output> outputs, Seeds seeds, boolean keepsWeights) {}

    LayerTape(boolean recomputes, Seeds seeds) {
        this.recomputes = recomputes;
        this.seeds = seeds;
    }

    @Override
    public boolean keepsInputs() {
        return recomputes;
    }

    @Override
    public void weightIsKept() {
        keepsWeights = true;
    }

    @Override
    public NDList run(NDList inputs, UnaryOperator<NDList> layer) {
        Seeds own = seeds.of(++layers);
        LayerTape parts = new LayerTape(false, own);
        if (!recomputes) {
            NDList outputs = parts.apply(layer, inputs);
            keepsWeights |= parts.keepsWeights;
            return outputs;
        }
        NDList outputs;
        try (NDScope inside = new NDScope()) {
            inside.suppressNotUsedWarning();
            outputs = TorchAutograd.with(false, () -> parts.apply(layer, inputs));
            NDScope.unregister(outputs);
        }
        List<Output> made = new ArrayList<>();
        for (int i = 0; i < outputs.size(); i++) {
            NDArray output = outputs.get(i);
            if (inputs.stream().noneMatch(input -> input == output)) {
                NDScope.register(output);
                output.setRequiresGradient(true);
                made.add(new Output(i, output, TorchAutograd.handle(output)));
            }
        }
        segments.add(new Segment(layer, inputs, made, own, parts.keepsWeights));
        return outputs;
    }

    /** Runs a layer, whose parts are run by this. */
    private NDList apply(UnaryOperator<NDList> layer, NDList inputs) {
        seeds.set();
        return LayerRunner.with(this, () -> layer.apply(inputs));
    }

    /** Throws if there is nothing to compute again though there should be. */
    void requireLayers() {
        if (recomputes && segments.isEmpty()) {
            throw new BoneException("the model runs no layers that could be computed again; it must call"
                    + " LayerRunner.forward for each, as LayerSequence does for those of a SequentialBlock");
        }
    }

    /** Goes through the layers backward, after the backward pass from the loss has reached their last outputs. */
    void backward() {
        for (int i = segments.size() - 1; i >= 0; i--) {
            try (NDScope inside = new NDScope()) {
                inside.suppressNotUsedWarning();
                backward(segments.get(i));
            }
        }
    }

    private static void backward(Segment segment) {
        Map<Integer, NDArray> cotangents = new LinkedHashMap<>();
        for (Output output : segment.outputs) {
            TorchAutograd.gradient(output.leaf).ifPresent(gradient -> cotangents.put(output.place, gradient));
            output.close();
        }
        LayerTape parts = new LayerTape(segment.keepsWeights, segment.seeds);
        NDList again = parts.apply(segment.layer, segment.inputs);
        cotangents.keySet().removeIf(place -> !TorchAutograd.isRecorded(again.get(place)));
        if (cotangents.size() == 1) {
            cotangents.forEach((place, cotangent) -> TorchAutograd.backward(again.get(place), cotangent));
        } else if (cotangents.size() > 1) {
            TorchAutograd.backward(cotangents.entrySet().stream()
                    .map(entry ->
                            again.get(entry.getKey()).mul(entry.getValue()).sum())
                    .reduce(NDArray::add)
                    .orElseThrow());
        }
        segment.outputs.forEach(output -> again.get(output.place).close());
        parts.backward();
    }
}
