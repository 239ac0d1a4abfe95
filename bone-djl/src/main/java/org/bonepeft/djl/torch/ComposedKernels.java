package org.bonepeft.djl.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.Dropout;
import java.util.List;
import java.util.Optional;
import org.bonepeft.djl.backend.Scalars;
import org.bonepeft.graph.Decompositions;
import org.bonepeft.reference.DoubleTensor;
import org.bonepeft.reference.ReferenceDecompositions;

/** The kernels in DJL's own operations: the portable path, and the oracle of the other one. */
final class ComposedKernels implements Kernels {
    static final ComposedKernels INSTANCE = new ComposedKernels();

    /** Stands for minus infinity in scores, so that a row without any allowed key stays finite. */
    private static final float FORBIDDEN = -1e30f;

    private static final Decompositions<DoubleTensor> DECOMPOSITIONS = new ReferenceDecompositions(0);

    private ComposedKernels() {}

    @Override
    public NDArray linear(NDArray x, NDArray weight, Optional<NDArray> bias) {
        return Linear.linear(x, weight, bias.orElse(null)).singletonOrThrow();
    }

    @Override
    public NDArray attention(NDArray q, NDArray k, NDArray v, Attention how) {
        Shape queries = q.getShape();
        Shape keys = k.getShape();
        int sharing = (int) (queries.get(1) / keys.get(1));
        NDArray scores = Scalars.times(q.matMul(repeat(k, sharing).swapAxes(2, 3)), how.scaleFor(q));
        NDManager manager = scores.getManager();
        NDArray allowed = manager.ones(new Shape(1, 1, queries.get(2), keys.get(2)), DataType.BOOLEAN);
        if (how.causal()) {
            NDArray last = manager.arange((int) queries.get(2))
                    .add(keys.get(2) - queries.get(2))
                    .expandDims(1);
            allowed = manager.arange((int) keys.get(2)).lte(last).reshape(allowed.getShape());
        }
        if (how.mask().isPresent()) {
            NDArray mask = how.mask().get();
            if (mask.getDataType() == DataType.BOOLEAN) {
                allowed = allowed.logicalAnd(mask);
            } else {
                scores = scores.add(mask);
            }
        }
        NDArray open = allowed.broadcast(scores.getShape());
        NDArray weights = NDArrays.where(open, scores, scores.zerosLike().add(FORBIDDEN))
                .softmax(-1)
                .mul(open.toType(scores.getDataType(), false));
        if (how.dropout() > 0) {
            weights = Dropout.dropout(weights, (float) how.dropout(), true).singletonOrThrow();
        }
        return weights.matMul(repeat(v, sharing));
    }

    private static NDArray repeat(NDArray heads, int times) {
        return times == 1 ? heads : heads.repeat(1, times);
    }

    @Override
    public NDArray rmsNorm(NDArray x, NDArray weight, double eps) {
        NDArray meanSquare = x.square().mean(new int[] {-1}, true);
        return x.div(meanSquare.add(eps).sqrt()).mul(weight);
    }

    @Override
    public NDArray rotary(NDArray x, NDArray cos, NDArray sin) {
        NDList halves = x.split(2, x.getShape().dimension() - 1);
        NDArray turned = halves.get(1).neg().concat(halves.get(0), -1);
        return x.mul(cos).add(turned.mul(sin));
    }

    @Override
    public NDArray swiGlu(NDArray gate, NDArray up) {
        return gate.mul(Activation.sigmoid(gate)).mul(up);
    }

    @Override
    public NDArray gelu(NDArray x) {
        return Scalars.times(x.mul(Scalars.times(x, Math.sqrt(0.5)).erf().add(1)), 0.5);
    }

    @Override
    public NDArray geluTanh(NDArray x) {
        NDArray cubic = x.add(Scalars.times(x.mul(x).mul(x), 0.044715));
        NDArray inner = Scalars.times(cubic, Math.sqrt(2 / Math.PI));
        return Scalars.times(x.mul(inner.tanh().add(1)), 0.5);
    }

    @Override
    public NDArray crossEntropy(NDArray logits, NDArray labels, long ignored, Reduction reduction) {
        Shape shape = logits.getShape();
        NDArray flat = labels.reshape(-1).toType(DataType.INT64, false);
        NDArray counted = flat.neq(ignored);
        NDArray index = NDArrays.where(counted, flat, flat.zerosLike()).expandDims(1);
        NDArray losses = logits.reshape(-1, shape.get(shape.dimension() - 1))
                .logSoftmax(1)
                .gather(index, 1)
                .squeeze(1)
                .neg();
        NDArray sum = NDArrays.where(counted, losses, losses.zerosLike()).sum();
        return reduction == Reduction.SUM
                ? sum
                : sum.div(counted.toType(losses.getDataType(), false).sum());
    }

    @Override
    public NDArray linearCrossEntropy(
            NDArray hidden, NDArray weight, NDArray labels, long ignored, Reduction reduction, int chunk) {
        return crossEntropy(hidden.matMul(weight.transpose()), labels, ignored, reduction);
    }

    @Override
    public Svd svd(NDArray a) {
        Decompositions.Svd<DoubleTensor> parts = DECOMPOSITIONS.svd(doubles(a));
        return new Svd(like(a, parts.u()), like(a, parts.s()), like(a, parts.vt()));
    }

    @Override
    public Svd svdLowRank(NDArray a, int rank, int iterations) {
        NDArray omega = a.getManager().randomNormal(0, 1, new Shape(a.getShape().get(1), rank), a.getDataType());
        NDArray q = qr(a.matMul(omega)).q();
        for (int i = 0; i < iterations; i++) {
            q = qr(a.transpose().matMul(q)).q();
            q = qr(a.matMul(q)).q();
        }
        Svd small = svd(q.transpose().matMul(a));
        return new Svd(q.matMul(small.u()), small.s(), small.vt());
    }

    @Override
    public Qr qr(NDArray a) {
        Decompositions.Qr<DoubleTensor> parts = DECOMPOSITIONS.qr(doubles(a));
        return new Qr(like(a, parts.q()), like(a, parts.r()));
    }

    private static DoubleTensor doubles(NDArray a) {
        return DoubleTensor.of(
                org.bonepeft.tensor.Shape.of(a.getShape().getShape()),
                a.toType(DataType.FLOAT64, false).toDoubleArray());
    }

    private static NDArray like(NDArray a, DoubleTensor values) {
        return a.getManager()
                .create(values.toArray(), new Shape(values.shape().toArray()))
                .toType(a.getDataType(), false);
    }

    @Override
    public double clip(List<NDArray> gradients, double maxNorm) {
        double squares = 0;
        for (NDArray gradient : gradients) {
            squares += gradient.toType(DataType.FLOAT64, false).square().sum().getDouble();
        }
        double norm = Math.sqrt(squares);
        if (Double.isFinite(norm)) {
            double factor = Math.min(1, maxNorm / (norm + 1e-6));
            gradients.forEach(gradient -> gradient.muli(factor));
        }
        return norm;
    }

    @Override
    public void adamW(
            List<NDArray> parameters,
            List<NDArray> gradients,
            List<NDArray> averages,
            List<NDArray> squares,
            List<NDArray> steps,
            AdamWStep step) {
        for (int i = 0; i < parameters.size(); i++) {
            NDArray gradient = gradients.get(i);
            NDArray average = averages.get(i);
            NDArray square = squares.get(i);
            double t = steps.get(i).addi(1).getFloat();
            average.muli(step.beta1()).addi(gradient.mul(1 - step.beta1()));
            square.muli(step.beta2()).addi(gradient.square().mul(1 - step.beta2()));
            NDArray root = square.div(1 - Math.pow(step.beta2(), t)).sqrt().add(step.eps());
            NDArray change = average.div(root).mul(step.lr() / (1 - Math.pow(step.beta1(), t)));
            NDArray parameter = parameters.get(i);
            boolean trained = parameter.hasGradient();
            // Autograd refuses to change a leaf in place.
            parameter.setRequiresGradient(false);
            parameter.muli(1 - step.lr() * step.weightDecay()).subi(change);
            parameter.setRequiresGradient(trained);
        }
    }
}
