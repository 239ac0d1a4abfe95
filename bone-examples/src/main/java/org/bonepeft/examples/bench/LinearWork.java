package org.bonepeft.examples.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.List;
import java.util.Optional;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.peft.Targets;
import org.bonepeft.tensor.DType;

/** One linear layer as a model has it, with its adapter attached. */
final class LinearWork {
    private LinearWork() {}

    static Work of(NDManager manager, Fields work, Optional<AdapterMethod> method, DType type, Draws draws) {
        OneLinear model = new OneLinear(work.integer("in"), work.integer("out"));
        draws.fill(model, manager, type);
        model.freezeParameters(true);
        method.ifPresent(adapter -> BenchMethod.attach(model, adapter, Targets.of("lin"), draws, true));
        ParameterStore store = new ParameterStore(manager, false);
        List<NDArray> trained = model.getParameters().values().stream()
                .filter(Parameter::requiresGradient)
                .map(Parameter::getArray)
                .toList();
        return new LayerWork(
                manager,
                (x, training) -> model.forward(store, new NDList(x), training).singletonOrThrow(),
                trained,
                work,
                type,
                draws);
    }

    private static final class OneLinear extends ModelBlock {
        private final long out;

        OneLinear(long in, long out) {
            this.out = out;
            addLinear("lin", in, out, false);
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
            return new NDList(call(store, "lin", training, inputs));
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputs) {
            return new Shape[] {new Shape(inputs[0].get(0), out)};
        }
    }
}
