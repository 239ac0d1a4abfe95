package org.bonepeft.djl.train;

import org.bonepeft.BoneException;

/**
 * The share of the peak learning rate at a step s = 0, 1, .. of n. During w steps of warm-up {@code (s + 1) / w}; then,
 * with {@code p = (s - w) / (n - w)}: constant 1, linear {@code 1 - p}, cosine {@code (1 + cos(pi frac(c p))) / 2} with c
 * cycles, which is 1 again at the start of each (Loshchilov and Hutter 2017).
 *
 * @param decay what follows the warm-up
 * @param cycles c, 1 without restarts
 * @param warmUpSteps w, unless the share is larger than 0
 * @param warmUpShare w as a share of n, rounded up
 */
public record Schedule(Decay decay, int cycles, int warmUpSteps, double warmUpShare) {
    /** How the rate falls. */
    public enum Decay {
        /** Not at all. */
        CONSTANT,
        /** To zero, evenly. */
        LINEAR,
        /** To zero along half a wave, once for each cycle. */
        COSINE
    }

    /** Checks the numbers. */
    public Schedule {
        if (cycles < 1 || warmUpSteps < 0 || !(warmUpShare >= 0 && warmUpShare <= 1)) {
            throw new BoneException("schedule with " + cycles + " cycles, warm-up of " + warmUpSteps
                    + " steps or share " + warmUpShare + "; expected at least 1 cycle, 0 steps, a share from 0 to 1");
        }
        if (cycles > 1 && decay != Decay.COSINE) {
            throw new BoneException("only a cosine schedule restarts, not " + decay);
        }
    }

    /** Returns the peak at every step. */
    public static Schedule constant() {
        return new Schedule(Decay.CONSTANT, 1, 0, 0);
    }

    /** Returns a line down to zero. */
    public static Schedule linear() {
        return new Schedule(Decay.LINEAR, 1, 0, 0);
    }

    /** Returns half a cosine wave down to zero. */
    public static Schedule cosine() {
        return cosine(1);
    }

    /** Returns as many half waves one after the other. */
    public static Schedule cosine(int cycles) {
        return new Schedule(Decay.COSINE, cycles, 0, 0);
    }

    /** Returns this with a warm-up of some steps. */
    public Schedule withWarmUp(int steps) {
        return new Schedule(decay, cycles, steps, 0);
    }

    /** Returns this with a warm-up over a share of all steps. */
    public Schedule withWarmUp(double share) {
        return new Schedule(decay, cycles, 0, share);
    }

    /** Returns the share of the peak at step {@code step}, from 0, of {@code steps}. */
    public double at(int step, int steps) {
        int warmUp = warmUpShare > 0 ? (int) Math.ceil(warmUpShare * steps) : warmUpSteps;
        if (step < warmUp) {
            return (step + 1.0) / warmUp;
        }
        double progress = (double) (step - warmUp) / Math.max(1, steps - warmUp);
        return switch (decay) {
            case CONSTANT -> 1;
            case LINEAR -> 1 - progress;
            case COSINE -> (1 + Math.cos(Math.PI * (cycles * progress % 1))) / 2;
        };
    }
}
