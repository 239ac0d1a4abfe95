package org.bonepeft.adapter;

/** A way to compute y = x (W + DeltaW)^T; all ways give the same y, at different costs. */
public enum Evaluation {
    /** Never forms a matrix of the weight's size: small products with x beside the frozen layer's own. */
    FACTORED,
    /** Forms the part of W + DeltaW that depends on W in one pass, and adds the other part to y. */
    SPLIT,
    /** Forms W + DeltaW in every call, literally as the formula says. */
    FORMED
}
