package org.bonepeft.djl.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import java.util.List;
import java.util.Optional;

/** The kernels as methods of {@code kernels.py}. */
final class TorchKernels implements Kernels {
    static final TorchKernels INSTANCE = new TorchKernels();

    private TorchKernels() {}

    @Override
    public NDArray linear(NDArray x, NDArray weight, Optional<NDArray> bias) {
        if (!FewRows.pay(x) || weight.size() < FewRows.LEAST_ELEMENTS) {
            return Linear.linear(x, weight, bias.orElse(null)).singletonOrThrow();
        }
        TorchModule.Call call = TorchMethods.method(bias.isPresent() ? "linear_few_bias" : "linear_few")
                .tensor(x)
                .tensor(weight);
        bias.ifPresent(call::tensor);
        return call.run().singletonOrThrow();
    }

    @Override
    public NDArray attention(NDArray q, NDArray k, NDArray v, Attention how) {
        TorchModule.Call call = TorchMethods.method(how.mask().isPresent() ? "attention_masked" : "attention")
                .tensor(q)
                .tensor(k)
                .tensor(v);
        how.mask().ifPresent(call::tensor);
        return call.number(how.scaleFor(q))
                .number(how.dropout())
                .number(how.causal() ? 1 : 0)
                .run()
                .singletonOrThrow();
    }

    @Override
    public NDArray rmsNorm(NDArray x, NDArray weight, double eps) {
        return TorchMethods.method("rms_norm")
                .tensor(x)
                .tensor(weight)
                .number(eps)
                .run()
                .singletonOrThrow();
    }

    @Override
    public NDArray rotary(NDArray x, NDArray cos, NDArray sin) {
        return TorchMethods.method("rotary")
                .tensor(x)
                .tensor(cos)
                .tensor(sin)
                .run()
                .singletonOrThrow();
    }

    @Override
    public NDArray swiGlu(NDArray gate, NDArray up) {
        return TorchMethods.method("swiglu").tensor(gate).tensor(up).run().singletonOrThrow();
    }

    @Override
    public NDArray gelu(NDArray x) {
        return TorchMethods.method("gelu").tensor(x).run().singletonOrThrow();
    }

    @Override
    public NDArray geluTanh(NDArray x) {
        return TorchMethods.method("gelu_tanh").tensor(x).run().singletonOrThrow();
    }

    @Override
    public NDArray crossEntropy(NDArray logits, NDArray labels, long ignored, Reduction reduction) {
        return TorchMethods.method("cross_entropy")
                .tensor(logits)
                .tensor(labels)
                .number(ignored)
                .number(Kernels.chunkRows(
                        logits.getShape().get(logits.getShape().dimension() - 1)))
                .number(reduction == Reduction.MEAN ? 1 : 0)
                .run()
                .singletonOrThrow();
    }

    @Override
    public NDArray linearCrossEntropy(
            NDArray hidden, NDArray weight, NDArray labels, long ignored, Reduction reduction, int chunk) {
        return TorchMethods.method("linear_cross_entropy")
                .tensor(hidden)
                .tensor(weight)
                .tensor(labels)
                .number(ignored)
                .number(chunk)
                .number(reduction == Reduction.MEAN ? 1 : 0)
                .run()
                .singletonOrThrow();
    }

    @Override
    public Svd svd(NDArray a) {
        return svd(TorchMethods.method("svd").tensor(a).run());
    }

    @Override
    public Svd svdLowRank(NDArray a, int rank, int iterations) {
        try (NDManager device = a.getManager().newSubManager(a.getDevice())) {
            NDArray omega = device.randomNormal(0, 1, new Shape(a.getShape().get(1), rank), a.getDataType());
            return svd(TorchMethods.method("svd_low_rank")
                    .tensor(a)
                    .tensor(omega)
                    .number(iterations)
                    .run());
        }
    }

    private static Svd svd(NDList parts) {
        return new Svd(parts.get(0), parts.get(1), parts.get(2));
    }

    @Override
    public Qr qr(NDArray a) {
        NDList parts = TorchMethods.method("qr").tensor(a).run();
        return new Qr(parts.get(0), parts.get(1));
    }

    @Override
    public double clip(List<NDArray> gradients, double maxNorm) {
        TorchModule.Call call = TorchMethods.method("clip").list(gradients).number(maxNorm);
        try (NDList norm = TorchAutograd.with(false, call::run)) {
            return norm.singletonOrThrow().getDouble();
        }
    }

    @Override
    public void adamW(
            List<NDArray> parameters,
            List<NDArray> gradients,
            List<NDArray> averages,
            List<NDArray> squares,
            List<NDArray> steps,
            AdamWStep step) {
        TorchModule.Call call = TorchMethods.method("adamw")
                .list(parameters)
                .list(gradients)
                .list(averages)
                .list(squares)
                .list(steps)
                .number(step.lr())
                .number(step.beta1())
                .number(step.beta2())
                .number(step.eps())
                .number(step.weightDecay());
        TorchAutograd.with(false, call::run).close();
    }
}
