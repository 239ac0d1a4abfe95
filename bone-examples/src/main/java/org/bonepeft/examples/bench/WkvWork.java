package org.bonepeft.examples.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import java.util.Locale;
import java.util.stream.Stream;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.rwkv6.Rwkv6Kernels;
import org.bonepeft.djl.torch.TorchAutograd;
import org.bonepeft.tensor.DType;

/** The recurrence of RWKV-6, forward and backward. */
final class WkvWork implements Work {
    private final NDManager manager;
    private final long tokens;
    private final Rwkv6Kernels.Form form;
    private final NDList inputs = new NDList();
    private final NDArray cotangent;
    private double last = Double.NaN;

    WkvWork(NDManager manager, Fields work, String method, Draws draws) {
        this.manager = manager;
        long batch = work.integer("batch");
        long heads = work.integer("heads");
        long size = work.integer("head_size");
        long length = work.integer("tokens");
        tokens = batch * length;
        form = Stream.of(Rwkv6Kernels.Form.values())
                .filter(known -> known.name().toLowerCase(Locale.ROOT).equals(method))
                .findAny()
                .orElseThrow(() -> new BoneException("the recurrence has no form '" + method + "'"));
        for (String name : new String[] {"r", "k", "v", "z"}) {
            inputs.add(draws.normal(manager, name, 1, DType.F32, batch, length, heads * size));
        }
        inputs.add(draws.normal(manager, "u", 1, DType.F32, heads, size));
        inputs.add(manager.zeros(new Shape(batch, heads, size, size)));
        inputs.forEach(input -> input.setRequiresGradient(true));
        cotangent = draws.normal(manager, "dy", 1, DType.F32, batch, length, heads * size);
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
            NDArray y = Rwkv6Kernels.of(manager)
                    .wkv(form, inputs.get(0), inputs.get(1), inputs.get(2), inputs.get(3), inputs.get(4), inputs.get(5))
                    .get(0);
            NDArray value = y.mul(cotangent).sum();
            TorchAutograd.backward(value);
            last = value.getFloat();
        }
        inputs.forEach(TorchAutograd::zero);
        Bench.synchronize(manager);
    }

    @Override
    public double check() {
        return last;
    }

    @Override
    public long trainable() {
        return 0;
    }

    @Override
    public void close() {
        manager.close();
    }
}
