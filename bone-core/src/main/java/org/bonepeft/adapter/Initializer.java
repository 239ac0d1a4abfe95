package org.bonepeft.adapter;

import java.util.random.RandomGenerator;
import org.bonepeft.tensor.Shape;

/** How a parameter starts, in terms of its own shape only. */
public enum Initializer {
    /** All zeros: the adapter starts as the identity. */
    ZEROS {
        @Override
        double draw(Shape shape, RandomGenerator random) {
            return 0;
        }
    },
    /** All ones. */
    ONES {
        @Override
        double draw(Shape shape, RandomGenerator random) {
            return 1;
        }
    },
    /** Uniform in +-1 / sqrt(n), n the size of the last dimension: torch's kaiming_uniform with a = sqrt(5). */
    KAIMING_UNIFORM {
        @Override
        double draw(Shape shape, RandomGenerator random) {
            return (2 * random.nextDouble() - 1) / Math.sqrt((double) shape.dim(-1));
        }
    },
    /** Normal with mean 0 and standard deviation 1 / r, r the size of the first dimension. */
    GAUSSIAN {
        @Override
        double draw(Shape shape, RandomGenerator random) {
            return random.nextGaussian() / (double) shape.dim(0);
        }
    };

    abstract double draw(Shape shape, RandomGenerator random);

    /** Returns the elements, row-major, drawn from {@code random}. */
    public float[] initialize(Shape shape, RandomGenerator random) {
        float[] values = new float[Math.toIntExact(shape.size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) draw(shape, random);
        }
        return values;
    }
}
