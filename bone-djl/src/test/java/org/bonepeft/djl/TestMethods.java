package org.bonepeft.djl;

import java.util.List;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Dora;
import org.bonepeft.adapter.Grouping;
import org.bonepeft.adapter.Hadamard;
import org.bonepeft.adapter.Lora;
import org.bonepeft.adapter.MissMini;
import org.bonepeft.adapter.Unconstrained;

/** One of each method. */
public final class TestMethods {
    private TestMethods() {}

    /** Returns the methods, with blocks of {@code rank}. */
    public static List<AdapterMethod> all(int rank) {
        return List.of(
                new Bone(rank),
                new Bone(rank, Grouping.ROW),
                new MissMini(rank, rank / 2),
                new Bat(rank, Grouping.COL),
                new Bat(rank, Grouping.ROW),
                new Bat(rank, Grouping.GROUP, 3),
                new Hadamard(rank, Grouping.COL),
                new Hadamard(rank, Grouping.ROW),
                new Unconstrained(rank),
                new Lora(rank, 2 * rank),
                new Lora(rank, rank, true, 0),
                new Dora(rank, rank));
    }
}
