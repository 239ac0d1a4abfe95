package org.bonepeft.djl.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDScope;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.LayerRunner;
import org.bonepeft.djl.torch.TorchAutograd;

/**
 * Activation checkpointing (Chen et al. 2016), layer by layer: forward, a layer runs without recording, and its outputs
 * become leaves; backward, from the last layer to the first, it runs again with recording, and the gradients that have
 * arrived at its outputs go through it to its inputs, which are the leaves of the layer before.
 *
 * <p>The random generator is seeded before each layer, and before it runs again, so dropout is the same both times. It
 * is seeded in the same way without checkpointing: the gradients have the same bits.
 */
final class LayerTape implements LayerRunner {
    private final boolean recomputes;
    private final Seeds seeds;
    private final List<Segment> segments = new ArrayList<>();
    private int layers;

    private record Segment(UnaryOperator<NDList> layer, NDList inputs, NDList outputs, int place) {}

    LayerTape(boolean recomputes, Seeds seeds) {
        this.recomputes = recomputes;
        this.seeds = seeds;
    }

    @Override
    public NDList run(NDList inputs, UnaryOperator<NDList> layer) {
        int place = ++layers;
        seeds.set(place);
        if (!recomputes) {
            return layer.apply(inputs);
        }
        NDList outputs;
        try (NDScope inside = new NDScope()) {
            inside.suppressNotUsedWarning();
            outputs = TorchAutograd.with(false, () -> layer.apply(inputs));
            NDScope.unregister(outputs);
        }
        for (NDArray output : outputs) {
            if (inputs.stream().noneMatch(input -> input == output)) {
                NDScope.register(output);
                output.setRequiresGradient(true);
            }
        }
        segments.add(new Segment(layer, inputs, outputs, place));
        return outputs;
    }

    /** Goes through the layers backward, after the backward pass from the loss has reached their last outputs. */
    void backward() {
        if (recomputes && segments.isEmpty()) {
            throw new BoneException("the model runs no layers that could be computed again; it must call"
                    + " LayerRunner.forward for each, as LayerSequence does for those of a SequentialBlock");
        }
        for (int i = segments.size() - 1; i >= 0; i--) {
            Segment segment = segments.get(i);
            try (NDScope inside = new NDScope()) {
                inside.suppressNotUsedWarning();
                backward(segment);
            }
            segment.outputs.forEach(NDArray::close);
        }
    }

    private void backward(Segment segment) {
        seeds.set(segment.place);
        NDList again = segment.layer.apply(segment.inputs);
        NDList values = new NDList();
        NDList cotangents = new NDList();
        for (int i = 0; i < again.size(); i++) {
            Optional<NDArray> cotangent = TorchAutograd.gradient(segment.outputs.get(i));
            if (cotangent.isPresent() && TorchAutograd.isRecorded(again.get(i))) {
                values.add(again.get(i));
                cotangents.add(cotangent.get());
            }
        }
        if (values.size() == 1) {
            TorchAutograd.backward(values.get(0), cotangents.get(0));
        } else if (values.size() > 1) {
            NDArray sum = values.get(0).mul(cotangents.get(0)).sum();
            for (int i = 1; i < values.size(); i++) {
                sum = sum.add(values.get(i).mul(cotangents.get(i)).sum());
            }
            TorchAutograd.backward(sum);
        }
    }
}
