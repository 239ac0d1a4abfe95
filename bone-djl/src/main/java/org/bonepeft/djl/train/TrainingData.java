package org.bonepeft.djl.train;

import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * Examples by their index.
 *
 * @param <B> what a few of them become
 */
public interface TrainingData<B extends MicroBatch> {
    /** Returns the number of examples. */
    int size();

    /**
     * Returns some examples as one micro-batch. Called on another thread than the training's, one call after another in
     * the order of the steps; the same examples must give the same batch for a resumed run to be the same.
     */
    B batch(int[] examples);

    /** Returns data of a list, whose elements {@code collate} puts together. */
    static <E, B extends MicroBatch> TrainingData<B> of(List<E> examples, Function<List<E>, B> collate) {
        return new TrainingData<>() {
            @Override
            public int size() {
                return examples.size();
            }

            @Override
            public B batch(int[] indices) {
                return collate.apply(
                        Arrays.stream(indices).mapToObj(examples::get).toList());
            }
        };
    }
}
