package org.bonepeft.graph;

/**
 * Matrix decompositions that some starts of adapters need; beside {@link Backend} because not every framework has them.
 *
 * @param <T> the framework's array, a matrix [m, n]; k is min(m, n)
 */
public interface Decompositions<T> {
    /** Returns the thin singular value decomposition {@code a = u diag(s) vt}. */
    Svd<T> svd(T a);

    /**
     * Returns an approximation of the largest {@code rank} singular values and their vectors, found from as many random
     * combinations of the columns (Halko, Martinsson and Tropp 2011, algorithms 4.4 and 5.1).
     *
     * @param rank at most k
     * @param iterations how often the combinations are multiplied by {@code a a^T}, each time orthonormalised
     */
    Svd<T> lowRankSvd(T a, int rank, int iterations);

    /** Returns the thin decomposition {@code a = q r}. */
    Qr<T> qr(T a);

    /**
     * Singular vectors and values.
     *
     * @param u orthonormal columns [m, k]
     * @param s descending, none negative [k]
     * @param vt orthonormal rows [k, n]
     */
    record Svd<T>(T u, T s, T vt) {}

    /**
     * An orthonormal basis and coordinates in it.
     *
     * @param q orthonormal columns [m, k]
     * @param r upper triangular [k, n]
     */
    record Qr<T>(T q, T r) {}
}
