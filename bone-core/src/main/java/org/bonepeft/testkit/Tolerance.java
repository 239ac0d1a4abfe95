package org.bonepeft.testkit;

/**
 * The one statement of how close two results must be: {@code |actual_i - expected_i| <= relative * max_j |expected_j|}
 * for every element {@code i}. The largest expected element sets the scale, so that an element which cancels to almost
 * nothing is not held to more digits than its terms had; if all expected elements are zero, so must be the actual ones.
 */
public enum Tolerance {
    /** Two ways to compute the same thing in float64. */
    FLOAT64(1e-10),
    /** A float32 result against a golden one. */
    FLOAT32(1e-5),
    /** A float32 result of a recurrence over many tokens, whose rounding errors add up, against a float64 one. */
    FLOAT32_RECURRENCE(1e-4),
    /** What tens of float32 training steps come to, against another program's. */
    TRAINING(1e-4),
    /** A bfloat16 result, rounded to 8 bits a few times on the way, against an exact one. */
    BFLOAT16(0x1p-7);

    private final double relative;

    Tolerance(double relative) {
        this.relative = relative;
    }

    /** Returns the largest difference allowed, in units of the largest expected element. */
    public double relative() {
        return relative;
    }

    /**
     * Compares element by element. A NaN is close to nothing, an infinity to itself alone.
     *
     * @param what what is compared, for the message
     * @throws AssertionError if an element differs by more, naming the worst one, or the lengths differ
     */
    public void check(String what, double[] actual, double[] expected) {
        if (actual.length != expected.length) {
            throw new AssertionError(what + ": " + actual.length + " elements, expected " + expected.length);
        }
        double scale = 0;
        for (double value : expected) {
            scale = Double.isFinite(value) ? Math.max(scale, Math.abs(value)) : scale;
        }
        double allowed = relative * scale;
        int worst = -1;
        int outside = 0;
        double largest = 0;
        for (int i = 0; i < actual.length; i++) {
            double difference = difference(actual[i], expected[i]);
            if (difference > allowed) {
                outside++;
            }
            if (difference > largest) {
                largest = difference;
                worst = i;
            }
        }
        if (outside > 0) {
            throw new AssertionError(what + ": " + outside + " of " + actual.length + " elements differ; the worst, ["
                    + worst + "], is " + actual[worst] + ", expected " + expected[worst] + ", off by " + largest
                    + "; allowed " + allowed + " (" + relative + " of the largest expected element, " + scale + ")");
        }
    }

    /** Compares as {@link #check(String, double[], double[])}. */
    public void check(String what, float[] actual, float[] expected) {
        check(what, widened(actual), widened(expected));
    }

    /** Compares as {@link #check(String, double[], double[])}. */
    public void check(String what, float[] actual, double[] expected) {
        check(what, widened(actual), expected);
    }

    private static double difference(double actual, double expected) {
        if (actual == expected) {
            return 0;
        }
        double difference = Math.abs(actual - expected);
        return Double.isFinite(difference) ? difference : Double.POSITIVE_INFINITY;
    }

    private static double[] widened(float[] values) {
        double[] wide = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }
}
