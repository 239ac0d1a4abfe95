package org.bonepeft.examples.bench;

import com.google.gson.Gson;
import java.util.ArrayList;
import java.util.List;

/**
 * One line of the benchmark, to be run in a process of its own.
 *
 * @param workloads see {@link Workloads#read}
 * @param name the case
 * @param method one of the case's, or another one that fits
 * @param dtype {@code float32} or {@code bfloat16}
 * @param device {@code cpu}, {@code gpu0}, ...
 * @param threads PyTorch's threads
 * @param steps timed steps; 0 for those of the workloads
 */
record Job(String workloads, String name, String method, String dtype, String device, int threads, int steps) {
    String json() {
        return new Gson().toJson(this);
    }

    static Job of(String json) {
        return new Gson().fromJson(json, Job.class);
    }

    /** Returns the options with which another program that knows the same workloads runs this line. */
    List<String> options() {
        List<String> options = new ArrayList<>(
                List.of("--case", name, "--method", method, "--dtype", dtype, "--threads", Integer.toString(threads)));
        if (steps > 0) {
            options.addAll(List.of("--steps", Integer.toString(steps)));
        }
        return options;
    }
}
