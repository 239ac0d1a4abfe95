package org.bonepeft.djl.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.Optional;
import org.bonepeft.djl.torch.Kernels;
import org.jspecify.annotations.Nullable;

/** DJL's {@link Linear} as {@link Kernels#linear} computes it. */
final class ModelLinear extends Linear {
    ModelLinear(long units, boolean bias) {
        super(Linear.builder().setUnits(units).optBias(bias));
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
