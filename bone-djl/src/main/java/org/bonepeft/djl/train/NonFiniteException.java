package org.bonepeft.djl.train;

import java.util.List;
import org.bonepeft.BoneException;

/** A loss or gradient was not a number or infinite; the parameters are those of before the step. */
public final class NonFiniteException extends BoneException {
    private static final long serialVersionUID = 1;

    private final int step;

    NonFiniteException(int step, double loss, double norm, List<String> parameters) {
        super("step " + step + ": the loss is " + loss + ", the gradient's norm " + norm + "; "
                + (parameters.isEmpty()
                        ? "each gradient alone is finite"
                        : "not finite: the gradient of "
                                + String.join(", ", parameters.subList(0, Math.min(3, parameters.size())))
                                + (parameters.size() > 3 ? " and " + (parameters.size() - 3) + " more" : ""))
                + ". Nothing was updated or saved; a smaller learning rate or other data may help, and"
                + " optSkipNonFinite leaves such steps out");
        this.step = step;
    }

    /** Returns the step, from 1. */
    public int step() {
        return step;
    }
}
