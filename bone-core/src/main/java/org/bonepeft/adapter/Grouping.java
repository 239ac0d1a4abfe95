package org.bonepeft.adapter;

/** Which blocks of a weight share one block of parameters. */
public enum Grouping {
    /** Blocks in one row of blocks, that is, of the same outputs, share a parameter block: the papers' "col", PEFT's. */
    COL,
    /** Blocks in one column of blocks, that is, of the same inputs, share a parameter block: the papers' "row". */
    ROW,
    /**
     * Blocks, counted row by row, take parameter blocks in turn: block k takes block k mod g of g. The first version of
     * Bat's paper; only {@link Bat} has it.
     */
    GROUP
}
