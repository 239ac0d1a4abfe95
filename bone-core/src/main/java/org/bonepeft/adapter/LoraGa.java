package org.bonepeft.adapter;

import java.util.Map;
import org.bonepeft.adapter.Factorization.Kind;
import org.bonepeft.graph.Tensor;

/**
 * {@code A = c V^T[some r], B = c U[:, other r]} of the loss's first gradient {@code dL/dW = U diag(S) V^T}: the first step
 * of LoRA moves the weight as full fine-tuning would. The vectors are chosen among those of the 2 r largest singular
 * values. Source: Wang, Yu and Li, "LoRA-GA: Low-Rank Adaptation with Gradient Approximation", section 3; PEFT's
 * {@code init_lora_weights="lora_ga"}.
 *
 * @param direction which vectors A and B take
 * @param scale what they are multiplied by
 * @param gamma the constant of the stable scales
 */
public record LoraGa(Direction direction, Scale scale, double gamma) implements LoraStart.Factored {
    /** Which of the first 2 r singular vectors A and B take; named as PEFT names them. */
    public enum Direction {
        /** A the odd ones, B the even ones. */
        AR_BR,
        /** A the second r, B the first r. */
        A2R_BR,
        /** A the first r, B the second r: the paper's choice. */
        AR_B2R
    }

    /** What A and B are multiplied by. */
    public enum Scale {
        /** Both by out^(1/4) / sqrt(gamma): the paper's, which makes the output's scale independent of r and of the layer. */
        STABLE,
        /** B only, by its singular values and by out^(1/4) / sqrt(gamma): what PEFT calls stable. */
        PEFT_STABLE,
        /** Both by 1/s, s the scale of LoRA. */
        GRADIENT_DESCENT,
        /** Nothing. */
        UNIT
    }

    /** PEFT's and the paper's: columns drawn per rank, and power iterations. */
    private static final int COLUMNS_PER_RANK = 4;

    private static final int ITERATIONS = 4;

    /** Checks the field. */
    public LoraGa {
        if (!(gamma > 0 && gamma < Double.POSITIVE_INFINITY)) {
            throw new AdapterException("LoRA-GA: gamma must be positive and finite, not " + gamma);
        }
    }

    /** Creates the paper's start. */
    public LoraGa() {
        this(Direction.AR_B2R, Scale.STABLE, 16);
    }

    @Override
    public String name() {
        return "lora-ga";
    }

    @Override
    public long maxRank(LayerSpec layer) {
        return Math.min(layer.in(), layer.out()) / 2;
    }

    @Override
    public Factorization factorization(Lora lora, LayerSpec layer) {
        int columns = (int) Math.min((long) COLUMNS_PER_RANK * lora.rank(), Math.min(layer.in(), layer.out()));
        return new Factorization(WeightStart.GRADIENT, Kind.LOW_RANK_SVD, columns, ITERATIONS);
    }

    @Override
    public LoraStart.Matrices start(Lora lora, LayerSpec layer, Map<String, Tensor> factors) {
        int r = lora.rank();
        Tensor a = pick(Checks.parameter(factors, Factorization.VT), r, direction == Direction.A2R_BR, 1);
        // Columns of U, as rows of its transpose; singular values as rows of length 1.
        boolean second = direction == Direction.AR_B2R;
        Tensor b = pick(Checks.parameter(factors, Factorization.U).transpose(), r, second, 0);
        Tensor s = Checks.parameter(factors, Factorization.S);
        Tensor values = pick(s.reshape(s.shape().dim(0), 1), r, second, 0);
        double stable = Math.pow((double) layer.out(), 0.25) / Math.sqrt(gamma);
        return switch (scale) {
            case STABLE -> matrices(a.scale(stable), b.scale(stable));
            case PEFT_STABLE -> matrices(a, b.mul(values).scale(stable));
            case GRADIENT_DESCENT -> matrices(a.scale(1 / lora.scale()), b.scale(1 / lora.scale()));
            case UNIT -> matrices(a, b);
        };
    }

    private static LoraStart.Matrices matrices(Tensor a, Tensor bTransposed) {
        return new LoraStart.Matrices(a, bTransposed.transpose());
    }

    /** Takes r of the first 2 r rows. */
    private Tensor pick(Tensor rows, long r, boolean second, int parity) {
        if (direction == Direction.AR_BR) {
            long length = rows.shape().dim(1);
            Tensor pairs = rows.slice(0, 0, 2 * r).reshape(r, 2, length);
            return pairs.slice(1, parity, parity + 1).reshape(r, length);
        }
        return second ? rows.slice(0, r, 2 * r) : rows.slice(0, 0, r);
    }
}
