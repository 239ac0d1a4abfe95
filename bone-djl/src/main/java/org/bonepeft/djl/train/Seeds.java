package org.bonepeft.djl.train;

import ai.djl.engine.Engine;
import java.util.SplittableRandom;

/** The engine's random generator in one micro-batch: seeded from the run's seed, the step and the place in the step. */
record Seeds(long seed, int step, int place) {
    /** Seeds it for a part of the model, from 0. */
    void set(int part) {
        long mixed = seed;
        for (int next : new int[] {step, place, part}) {
            mixed = new SplittableRandom(mixed + next).nextLong();
        }
        Engine.getEngine(Replica.ENGINE).setRandomSeed((int) mixed);
    }
}
