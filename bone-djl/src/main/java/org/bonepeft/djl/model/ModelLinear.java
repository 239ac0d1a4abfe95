package org.bonepeft.djl.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.Map;
import java.util.Optional;
import org.bonepeft.adapter.AdapterGraphs;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.djl.backend.GraphCall;
import org.bonepeft.djl.torch.Kernels;
import org.bonepeft.djl.torch.TorchTypes;
import org.bonepeft.graph.Graph;
import org.bonepeft.tensor.DType;
import org.jspecify.annotations.Nullable;

/** DJL's {@link Linear} as {@link Kernels#linear} computes it. */
final class ModelLinear extends Linear implements GraphLinear {
    private volatile @Nullable Known known;

    /** What was found out about a weight. */
    private record Known(NDArray weight, DType type, Graph graph) {}

    ModelLinear(long units, boolean bias) {
        super(Linear.builder().setUnits(units).optBias(bias));
    }

    @Override
    public Optional<GraphCall> graphCall(ParameterStore store, Rows x, boolean training) {
        NDArray weight = store.getValue(parameters.get("weight"), x.device(), training);
        @Nullable NDArray bias = store.getValue(parameters.get("bias"), x.device(), training);
        Known now = known(weight, bias != null);
        if (now.type() != x.type()) {
            return Optional.empty();
        }
        return Optional.of(new GraphCall(
                now.graph(),
                bias == null
                        ? Map.of(LayerSpec.WEIGHT, weight)
                        : Map.of(LayerSpec.WEIGHT, weight, LayerSpec.BIAS, bias)));
    }

    private Known known(NDArray weight, boolean bias) {
        @Nullable Known last = known;
        if (last != null && last.weight() == weight) {
            return last;
        }
        DType type = TorchTypes.of(weight);
        Shape shape = weight.getShape();
        LayerSpec spec = new LayerSpec("linear", shape.get(1), shape.get(0), bias, type, type);
        Graph graph = last != null && last.type() == type ? last.graph() : AdapterGraphs.base(spec);
        known = new Known(weight, type, graph);
        return new Known(weight, type, graph);
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store, NDList inputs, boolean training, @Nullable PairList<String, Object> params) {
        NDArray x = inputs.singletonOrThrow();
        NDArray weight = store.getValue(parameters.get("weight"), x.getDevice(), training);
        @Nullable NDArray bias = store.getValue(parameters.get("bias"), x.getDevice(), training);
        return new NDList(Kernels.of(x.getManager()).linear(x, weight, Optional.ofNullable(bias)));
    }
}
