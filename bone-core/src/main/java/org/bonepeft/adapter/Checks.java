package org.bonepeft.adapter;

import java.math.BigInteger;
import java.util.Map;
import org.bonepeft.graph.Tensor;
import org.jspecify.annotations.Nullable;

/** Checks that methods share. */
final class Checks {
    private Checks() {}

    static void rank(String method, int rank) {
        if (rank < 1) {
            throw new AdapterException(method + ": the rank must be at least 1, not " + rank);
        }
    }

    static void dropout(String method, double rate) {
        if (!(rate >= 0 && rate < 1)) {
            throw new AdapterException(method + ": a dropout rate is at least 0 and less than 1, not " + rate);
        }
    }

    static void colOrRow(String method, Grouping grouping) {
        if (grouping == Grouping.GROUP) {
            throw new AdapterException(method + " shares blocks by col or row, not by group");
        }
    }

    /** Checks that blocks of size {@code rank} tile the weight. */
    static void divides(String method, int rank, LayerSpec layer) {
        if (layer.in() % rank != 0 || layer.out() % rank != 0) {
            long common = BigInteger.valueOf(layer.in())
                    .gcd(BigInteger.valueOf(layer.out()))
                    .longValueExact();
            throw new AdapterException(layer.describe() + ": " + method + " needs the block size " + rank
                    + " to divide both; " + divisorsNear(rank, common) + " would");
        }
    }

    /** Returns the divisors of n below and above a number that is none, as {@code 48 or 64}. */
    static String divisorsNear(int number, long n) {
        long below = Math.min(number, n);
        while (n % below != 0) {
            below--;
        }
        if (number > n) {
            return Long.toString(below);
        }
        long above = number;
        while (n % above != 0) {
            above++;
        }
        return below + " or " + above;
    }

    static Tensor parameter(Map<String, Tensor> parameters, String name) {
        @Nullable Tensor parameter = parameters.get(name);
        if (parameter == null) {
            throw new AdapterException("parameter " + name + " is missing, there are only " + parameters.keySet());
        }
        return parameter;
    }
}
