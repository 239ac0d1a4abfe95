package org.bonepeft.reference;

import java.util.List;
import java.util.SplittableRandom;
import org.bonepeft.graph.Decompositions;
import org.bonepeft.tensor.Shape;

/** Decompositions in float64 with plain loops: slow and accurate. */
public final class ReferenceDecompositions implements Decompositions<DoubleTensor> {
    private final ReferenceBackend backend = new ReferenceBackend();
    private final long seed;

    /**
     * Creates decompositions.
     *
     * @param seed of the random matrix of {@link #lowRankSvd}
     */
    public ReferenceDecompositions(long seed) {
        this.seed = seed;
    }

    @Override
    public Svd<DoubleTensor> svd(DoubleTensor a) {
        if (a.shape().dim(0) < a.shape().dim(1)) {
            Svd<DoubleTensor> transposed = svd(transpose(a));
            return new Svd<>(transpose(transposed.vt()), transposed.s(), transpose(transposed.u()));
        }
        return Jacobi.svd(a);
    }

    @Override
    public Svd<DoubleTensor> lowRankSvd(DoubleTensor a, int rank, int iterations) {
        SplittableRandom random = new SplittableRandom(seed);
        double[] gaussian = new double[Math.toIntExact(a.shape().dim(1) * rank)];
        for (int i = 0; i < gaussian.length; i++) {
            gaussian[i] = random.nextGaussian();
        }
        DoubleTensor combinations = DoubleTensor.of(Shape.of(a.shape().dim(1), rank), gaussian);
        DoubleTensor basis = qr(backend.matMul(a, combinations)).q();
        for (int i = 0; i < iterations; i++) {
            DoubleTensor rows = qr(backend.matMul(transpose(a), basis)).q();
            basis = qr(backend.matMul(a, rows)).q();
        }
        Svd<DoubleTensor> small = svd(backend.matMul(transpose(basis), a));
        return new Svd<>(backend.matMul(basis, small.u()), small.s(), small.vt());
    }

    @Override
    public Qr<DoubleTensor> qr(DoubleTensor a) {
        return Householder.qr(a);
    }

    private DoubleTensor transpose(DoubleTensor a) {
        return backend.permute(a, List.of(1, 0));
    }
}
