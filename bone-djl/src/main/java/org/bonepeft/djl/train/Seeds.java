package org.bonepeft.djl.train;

import ai.djl.engine.Engine;
import java.util.SplittableRandom;

/** A seed of the engine's random generator, from which others are derived: of a run, a step, a micro-batch, a layer. */
record Seeds(long seed) {
    /** Returns the seed of a part, from 0. */
    Seeds of(int part) {
        return new Seeds(new SplittableRandom(seed + part).nextLong());
    }

    /** Seeds the generator. */
    void set() {
        Engine.getEngine(Replica.ENGINE).setRandomSeed((int) seed);
    }
}
