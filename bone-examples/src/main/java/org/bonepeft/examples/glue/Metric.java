package org.bonepeft.examples.glue;

/** What GLUE measures predictions by. Class 1 is the positive one where there are two. */
enum Metric {
    /** {@code (TP TN - FP FN) / sqrt((TP + FP)(TP + FN)(TN + FP)(TN + FN))}; 0 if a factor is 0. Two classes only. */
    MATTHEWS("Matthews") {
        @Override
        double of(int[] gold, int[] predicted) {
            double tp = count(gold, predicted, 1, 1);
            double tn = count(gold, predicted, 0, 0);
            double fp = count(gold, predicted, 0, 1);
            double fn = count(gold, predicted, 1, 0);
            double square = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn);
            return square == 0 ? 0 : (tp * tn - fp * fn) / Math.sqrt(square);
        }
    },

    /** The share of predictions that are right. */
    ACCURACY("accuracy") {
        @Override
        double of(int[] gold, int[] predicted) {
            int right = 0;
            for (int i = 0; i < gold.length; i++) {
                right += gold[i] == predicted[i] ? 1 : 0;
            }
            return (double) right / gold.length;
        }
    },

    /** {@code 2 TP / (2 TP + FP + FN)} of class 1; 0 if there is none. */
    F1("F1") {
        @Override
        double of(int[] gold, int[] predicted) {
            double tp = count(gold, predicted, 1, 1);
            double wrong = count(gold, predicted, 0, 1) + count(gold, predicted, 1, 0);
            return tp == 0 ? 0 : 2 * tp / (2 * tp + wrong);
        }
    };

    private final String title;

    Metric(String title) {
        this.title = title;
    }

    /** Returns the value for predicted classes; both arrays are as long and not empty. */
    abstract double of(int[] gold, int[] predicted);

    /** Returns the name for people. */
    String title() {
        return title;
    }

    private static double count(int[] gold, int[] predicted, int goldClass, int predictedClass) {
        int n = 0;
        for (int i = 0; i < gold.length; i++) {
            n += gold[i] == goldClass && predicted[i] == predictedClass ? 1 : 0;
        }
        return n;
    }
}
