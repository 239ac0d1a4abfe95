package org.bonepeft.adapter;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bonepeft.graph.Decompositions;
import org.bonepeft.graph.Tensor;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;

/**
 * A decomposition of a matrix [out, in] into k = min(in, out) columns and rows, or fewer if of low rank.
 *
 * @param matrix the input to decompose, {@code weight} or {@code gradient}
 * @param kind the decomposition
 * @param rank how many singular values are wanted, for {@link Kind#LOW_RANK_SVD}
 * @param iterations power iterations, for {@link Kind#LOW_RANK_SVD}
 */
public record Factorization(String matrix, Kind kind, int rank, int iterations) {
    static final String U = "u";
    static final String S = "s";
    static final String VT = "vt";
    static final String Q = "q";
    static final String R = "r";

    /** Which decomposition. */
    public enum Kind {
        /** Singular values and vectors: factors {@code u}, {@code s}, {@code vt}. */
        SVD,
        /** The largest of them, approximately: factors {@code u}, {@code s}, {@code vt}. */
        LOW_RANK_SVD,
        /** An orthonormal basis and coordinates in it: factors {@code q}, {@code r}. */
        QR
    }

    /** Returns the factors as inputs of a graph, by name. */
    Map<String, Tensor> inputs(LayerSpec layer, DType type) {
        long k = kind == Kind.LOW_RANK_SVD ? rank : Math.min(layer.in(), layer.out());
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        Shape left = Shape.of(layer.out(), k);
        Shape right = Shape.of(k, layer.in());
        if (kind == Kind.QR) {
            inputs.put(Q, Tensor.input(Q, left, type));
            inputs.put(R, Tensor.input(R, right, type));
        } else {
            inputs.put(U, Tensor.input(U, left, type));
            inputs.put(S, Tensor.input(S, Shape.of(k), type));
            inputs.put(VT, Tensor.input(VT, right, type));
        }
        return inputs;
    }

    /** Returns the factors by name. */
    <T> Map<String, T> compute(Decompositions<T> decompositions, T a) {
        return switch (kind) {
            case SVD -> factors(decompositions.svd(a));
            case LOW_RANK_SVD -> factors(decompositions.lowRankSvd(a, rank, iterations));
            case QR -> {
                Decompositions.Qr<T> qr = decompositions.qr(a);
                yield Map.of(Q, qr.q(), R, qr.r());
            }
        };
    }

    private static <T> Map<String, T> factors(Decompositions.Svd<T> svd) {
        return Map.of(U, svd.u(), S, svd.s(), VT, svd.vt());
    }
}
