package org.bonepeft.adapter;

import java.util.Map;
import org.bonepeft.adapter.Factorization.Kind;
import org.bonepeft.graph.Tensor;

/**
 * {@code A = sqrt(S/s)[:r] V^T[:r], B = U[:, :r] sqrt(S/s)[:r]} of {@code W = U diag(S) V^T}: the adapter starts as the r
 * principal components of the weight. Source: Meng, Wang and Zhang, "PiSSA: Principal Singular Values and Singular
 * Vectors Adaptation of Large Language Models"; PEFT's {@code init_lora_weights="pissa"} and {@code "pissa_niter_n"}.
 *
 * @param iterations power iterations of a randomised decomposition; 0 for the exact one
 */
public record Pissa(int iterations) implements LoraStart.Factored {
    /** Columns drawn beyond the rank, which make the wanted ones accurate (Halko et al., section 4.2). */
    private static final int OVERSAMPLING = 10;

    /** Checks the field. */
    public Pissa {
        if (iterations < 0) {
            throw new AdapterException("PiSSA: the number of iterations is at least 0, not " + iterations);
        }
    }

    /** Creates the exact PiSSA. */
    public Pissa() {
        this(0);
    }

    @Override
    public String name() {
        return "pissa";
    }

    @Override
    public long maxRank(LayerSpec layer) {
        return Math.min(layer.in(), layer.out());
    }

    @Override
    public Factorization factorization(Lora lora, LayerSpec layer) {
        int columns = (int) Math.min(lora.rank() + OVERSAMPLING, maxRank(layer));
        return new Factorization(LayerSpec.WEIGHT, iterations == 0 ? Kind.SVD : Kind.LOW_RANK_SVD, columns, iterations);
    }

    @Override
    public LoraStart.Matrices start(Lora lora, LayerSpec layer, Map<String, Tensor> factors) {
        long r = lora.rank();
        Tensor root = Checks.parameter(factors, Factorization.S)
                .slice(0, 0, r)
                .scale(1 / lora.scale())
                .sqrt();
        Tensor right = Checks.parameter(factors, Factorization.VT).slice(0, 0, r);
        Tensor left = Checks.parameter(factors, Factorization.U).slice(1, 0, r);
        return new LoraStart.Matrices(right.mul(root.reshape(r, 1)), left.mul(root));
    }
}
