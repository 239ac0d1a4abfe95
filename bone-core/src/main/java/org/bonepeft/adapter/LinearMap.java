package org.bonepeft.adapter;

import java.util.Optional;
import org.bonepeft.graph.Tensor;

/**
 * A symbolic linear map x -> x W^T: the base layer, or the base layer with adapters around it. An adapter takes one and
 * returns another, so that several compose in order.
 */
interface LinearMap {
    /**
     * Returns {@code x W^T}, plus an addend that broadcasts to it if given. Fusing the addend here spares a pass over
     * the result.
     *
     * @param x [tokens, in], in the type of the weight
     */
    Tensor apply(Tensor x, Optional<Tensor> addend);

    /** Returns W, (out, in). */
    Tensor weight();

    /** Returns the map of a weight. */
    static LinearMap of(Tensor weight) {
        return new LinearMap() {
            @Override
            public Tensor apply(Tensor x, Optional<Tensor> addend) {
                Tensor transposed = weight.transpose();
                return addend.map(sum -> sum.addMatMul(x, transposed)).orElseGet(() -> x.matMul(transposed));
            }

            @Override
            public Tensor weight() {
                return weight;
            }
        };
    }

    /** Returns a map that is applied by {@code forward}, while {@code weight} says what it is. */
    static LinearMap of(Tensor weight, Forward forward) {
        return new LinearMap() {
            @Override
            public Tensor apply(Tensor x, Optional<Tensor> addend) {
                return forward.apply(x, addend);
            }

            @Override
            public Tensor weight() {
                return weight;
            }
        };
    }

    /** {@link LinearMap#apply}. */
    interface Forward {
        /** Returns x W^T + addend. */
        Tensor apply(Tensor x, Optional<Tensor> addend);
    }

    /** Returns value + addend, if there is one; the value, if fresh, may hold the sum. */
    static Tensor plus(Tensor value, Optional<Tensor> addend) {
        return addend.map(value::add).orElse(value);
    }
}
