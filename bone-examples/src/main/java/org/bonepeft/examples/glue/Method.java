package org.bonepeft.examples.glue;

/** What of a model is trained; the classification head always is. */
enum Method {
    /** The head alone. */
    HEAD_ONLY("head-only", 2e-3),
    /** LoRA on the targets. */
    LORA("lora", 2e-3),
    /** Bone on the targets. */
    BONE("bone", 2e-3),
    /** Every parameter. */
    FULL("full", 3e-4);

    private final String title;
    private final double learningRate;

    Method(String title, double learningRate) {
        this.title = title;
        this.learningRate = learningRate;
    }

    /** Returns the peak learning rate that did well on the bundled model. */
    double learningRate() {
        return learningRate;
    }

    /** Returns the name on the command line. */
    @Override
    public String toString() {
        return title;
    }
}
