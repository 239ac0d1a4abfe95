package org.bonepeft.djl.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.Optional;

/**
 * Operations that DJL lacks. {@link #of} gives those of PyTorch, one native call each; where TorchScript cannot be used,
 * or for another engine, the same in DJL's own operations. Both are differentiable, once, in all floating-point
 * arguments unless it says otherwise, and agree up to rounding. Results belong to the manager of the first argument.
 */
public interface Kernels {
    /** How the losses of single tokens become one number. */
    enum Reduction {
        /** The mean over the tokens that count; NaN if there are none, as in torch. */
        MEAN,
        /** The sum. */
        SUM
    }

    /** U, S and V^T of {@code A = U diag(S) V^T}: {@code [m, k], [k], [k, n]}, singular values in descending order. */
    record Svd(NDArray u, NDArray s, NDArray vt) {}

    /** Q and R of {@code A = Q R}: {@code [m, k], [k, n]} with k = min(m, n), Q orthonormal, R upper triangular. */
    record Qr(NDArray q, NDArray r) {}

    /** Returns the fastest kernels for arrays of this manager's engine. */
    static Kernels of(NDManager manager) {
        return TorchEngine.serves(manager) ? TorchKernels.INSTANCE : composed();
    }

    /** Returns the kernels made of DJL's own operations. */
    static Kernels composed() {
        return ComposedKernels.INSTANCE;
    }

    /**
     * Returns x weight^T + bias; a few rows of x cost little more than reading the weight.
     *
     * @param x {@code [.., in]}
     * @param weight {@code [out, in]}
     * @param bias {@code [out]}
     */
    NDArray linear(NDArray x, NDArray weight, Optional<NDArray> bias);

    /**
     * Returns softmax(scale q k^T + mask) v.
     *
     * @param q {@code [batch, heads, queries, size]}
     * @param k {@code [batch, groups, keys, size]}; groups divides heads, and each key head serves heads / groups
     *     consecutive query heads
     * @param v as k
     */
    NDArray attention(NDArray q, NDArray k, NDArray v, Attention how);

    /** Returns weight x / sqrt(mean(x^2) + eps), the mean over the last dimension. */
    NDArray rmsNorm(NDArray x, NDArray weight, double eps);

    /**
     * Returns x with each pair {@code (x_i, x_(i + d/2))} of the last dimension turned: {@code x cos + (-x_2, x_1) sin},
     * with x_1 and x_2 the halves of x.
     *
     * @param x {@code [.., tokens, d]}
     * @param cos broadcast to x, for example {@code [tokens, d]}, the second half equal to the first; a constant
     * @param sin as cos
     */
    NDArray rotary(NDArray x, NDArray cos, NDArray sin);

    /** Returns silu(gate) up, with silu(z) = z / (1 + exp(-z)). */
    NDArray swiGlu(NDArray gate, NDArray up);

    /** Returns x Phi(x), with Phi the normal distribution function. */
    NDArray gelu(NDArray x);

    /** Returns x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2. */
    NDArray geluTanh(NDArray x);

    /**
     * Returns -log softmax(logits)[label], summed or averaged over the tokens whose label is not {@code ignored}, as a
     * float32 scalar (float64 for float64 logits).
     *
     * @param logits {@code [.., classes]}
     * @param labels {@code [..]}, integers
     */
    NDArray crossEntropy(NDArray logits, NDArray labels, long ignored, Reduction reduction);

    /**
     * Returns the cross entropy of the logits {@code hidden weight^T}, of which at most {@code chunk} rows exist at a
     * time.
     *
     * @param hidden {@code [.., size]}
     * @param weight {@code [classes, size]}
     * @param labels {@code [..]}, integers
     * @param chunk rows of logits at a time, in the fast kernels; {@link #chunkRows} gives a good number
     */
    NDArray linearCrossEntropy(
            NDArray hidden, NDArray weight, NDArray labels, long ignored, Reduction reduction, int chunk);

    /**
     * Returns how many rows of logits of so many classes a chunk has, a multiple of 16: 4 MiB in float32, but at least 256
     * rows, for which a product is efficient, unless they take more than 32 MiB.
     */
    static int chunkRows(long classes) {
        long rows = Math.min(Math.max(256, (1L << 20) / classes), (8L << 20) / classes);
        return (int) Math.max(16, rows / 16 * 16);
    }

    /** Returns the singular value decomposition of a matrix, in float32 or float64. */
    Svd svd(NDArray a);

    /**
     * Returns an approximation of the largest {@code rank} singular values and their vectors, from a random subspace that
     * {@code iterations} multiplications by A^T A turn towards them; repeatable after {@code Engine.setRandomSeed}.
     */
    Svd svdLowRank(NDArray a, int rank, int iterations);

    /** Returns the reduced QR decomposition of a matrix, in float32 or float64. */
    Qr qr(NDArray a);

    /**
     * Scales gradients in place so that the norm over all of them together is at most {@code maxNorm}: times
     * {@code min(1, maxNorm / (norm + 1e-6))}, as {@code torch.nn.utils.clip_grad_norm_}. If the norm is not finite, they
     * stay as they are.
     *
     * @return the norm before
     */
    double clip(List<NDArray> gradients, double maxNorm);

    /**
     * Updates parameters in place by AdamW (Loshchilov and Hutter 2019), as {@code torch.optim.AdamW}: with t = step + 1,
     *
     * <pre>
     * p -= lr decay p;  m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
     * p -= lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)
     * </pre>
     *
     * @param parameters p
     * @param gradients g, in the order of the parameters, as all following lists
     * @param averages m, updated in place
     * @param squares v, updated in place
     * @param steps t - 1 as float32 scalars, updated in place
     */
    void adamW(
            List<NDArray> parameters,
            List<NDArray> gradients,
            List<NDArray> averages,
            List<NDArray> squares,
            List<NDArray> steps,
            AdamWStep step);
}
