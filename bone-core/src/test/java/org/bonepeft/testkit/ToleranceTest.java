package org.bonepeft.testkit;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ToleranceTest {
    private static void differ(double[] actual, double[] expected, String message) {
        assertThatThrownBy(() -> Tolerance.FLOAT64.check("y", actual, expected))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining(message);
    }

    @Test
    void withinTheLargestElementsTolerance_isClose() {
        Tolerance.FLOAT64.check("y", new double[] {1e-9, -100, 0}, new double[] {0, -100, 9e-9});
        Tolerance.FLOAT64.check("y", new double[] {}, new double[] {});
        Tolerance.FLOAT64.check("y", new double[] {0, -0.0}, new double[] {0, 0});
        Tolerance.FLOAT64.check("y", new double[] {1 / 0.0, 1}, new double[] {1 / 0.0, 1 + 1e-11});
        Tolerance.FLOAT32.check("y", new float[] {1, 9e-6f}, new float[] {1, 0});
        Tolerance.FLOAT32.check("y", new float[] {1, 9e-6f}, new double[] {1, 0});
    }

    @Test
    void beyond_namesTheWorstElement() {
        differ(
                new double[] {1, 2.5, 4, 4},
                new double[] {1, 2, 3, 4},
                "y: 2 of 4 elements differ; the worst, [2], is 4.0, expected 3.0, off by 1.0; allowed 4.0E-10");
        differ(new double[] {1e-300}, new double[] {0}, "[0], is 1.0E-300, expected 0.0");
    }

    @Test
    void whatIsNoNumber_isNeverClose() {
        differ(new double[] {1, Double.NaN}, new double[] {1, 2}, "[1], is NaN, expected 2.0");
        differ(new double[] {1, 2}, new double[] {1, Double.NaN}, "[1], is 2.0, expected NaN");
        differ(new double[] {Double.NaN}, new double[] {Double.NaN}, "[0], is NaN");
        differ(new double[] {1e308}, new double[] {1 / 0.0}, "expected Infinity");
        differ(new double[] {-1 / 0.0}, new double[] {1 / 0.0}, "[0], is -Infinity");
    }

    @Test
    void otherLength_isNotEqual() {
        differ(new double[1], new double[2], "y: 1 elements, expected 2");
    }
}
