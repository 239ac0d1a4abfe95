package org.bonepeft.djl.torch;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.bonepeft.djl.torch.Kernels.Reduction;
import org.junit.jupiter.api.Test;

/**
 * Prints what the kernels cost, fast and composed in alternation, as a Markdown table of median (least) milliseconds of
 * processor time. The engine computes on the calling thread alone, so that other work on the machine hardly shows.
 *
 * <pre>mvn -q -pl bone-djl -am test -Dtest=KernelBenchmark -Dsurefire.failIfNoSpecifiedTests=false</pre>
 */
class KernelBenchmark {
    private static final int ROUNDS = 15;

    @Test
    void print() {
        assertThat(System.getProperty("ai.djl.pytorch.num_threads")).isEqualTo("1");
        System.out.println("| what | fast, ms | composed, ms |\n|---|---:|---:|");
        try (NDManager manager = NDManager.newBaseManager()) {
            calls(manager);
            attention(manager);
            activations(manager);
            losses(manager);
            optimizers(manager);
        }
    }

    private static NDArray random(NDManager manager, long... shape) {
        NDArray array = manager.randomNormal(new Shape(shape));
        array.setRequiresGradient(true);
        return array;
    }

    private static void calls(NDManager manager) {
        NDArray x = manager.ones(new Shape(4, 4));
        compare(
                "1000 calls of one kernel, one DJL addition",
                () -> repeat(() -> TorchMethods.method("ones_like").tensor(x).run()),
                () -> repeat(() -> x.add(x)));
    }

    private static void repeat(Runnable call) {
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            for (int i = 0; i < 1000; i++) {
                call.run();
            }
        }
    }

    private static void attention(NDManager manager) {
        NDArray q = random(manager, 8, 8, 512, 64);
        NDArray k = random(manager, 8, 8, 512, 64);
        NDArray v = random(manager, 8, 8, 512, 64);
        both(
                manager,
                "causal attention, B8 H8 S512 D64, forward + backward",
                kernels -> kernels.attention(q, k, v, Attention.CAUSAL));
        NDArray kg = random(manager, 8, 2, 512, 64);
        NDArray vg = random(manager, 8, 2, 512, 64);
        both(manager, "same with 2 key heads", kernels -> kernels.attention(q, kg, vg, Attention.CAUSAL));
    }

    private static void activations(NDManager manager) {
        NDArray x = random(manager, 512, 2048);
        NDArray up = random(manager, 512, 2048);
        NDArray weight = random(manager, 2048);
        both(manager, "rms_norm, 512 x 2048", kernels -> kernels.rmsNorm(x, weight, 1e-5));
        both(manager, "SwiGLU, 512 x 2048", kernels -> kernels.swiGlu(x, up));
        both(manager, "GELU erf, 512 x 2048", kernels -> kernels.gelu(x));
        NDArray heads = random(manager, 1, 32, 512, 64);
        NDArray cos = manager.randomNormal(new Shape(512, 64));
        both(manager, "rotary, 32 heads, 512 x 64", kernels -> kernels.rotary(heads, cos, cos));
    }

    private static void losses(NDManager manager) {
        NDArray labels = manager.randomInteger(0, 32000, new Shape(512), DataType.INT64);
        NDArray logits = random(manager, 512, 32000);
        both(
                manager,
                "cross entropy, 512 x 32000",
                kernels -> kernels.crossEntropy(logits, labels, -100, Reduction.MEAN));
        NDArray hidden = random(manager, 512, 512);
        NDArray head = manager.randomNormal(0, 0.05f, new Shape(32000, 512), DataType.FLOAT32);
        both(
                manager,
                "cross entropy of hidden 512 x 512, head 32000 x 512",
                kernels -> kernels.linearCrossEntropy(
                        hidden, head, labels, -100, Reduction.MEAN, Kernels.chunkRows(32000)));
    }

    private static void optimizers(NDManager manager) {
        Map<String, NDArray> parameters = new LinkedHashMap<>();
        for (int i = 0; i < 168; i++) {
            NDArray parameter = random(manager, 16, 768);
            parameters.put("p" + i, parameter);
            TorchAutograd.with(true, () -> {
                TorchAutograd.backward(parameter.sum());
                return true;
            });
        }
        Optimizer djl =
                Optimizer.adamW().optLearningRateTracker(Tracker.fixed(1e-3f)).build();
        try (AdamW fused = AdamW.builder().addGroup(parameters, 1, 0.01).build()) {
            compare(
                    "AdamW over 168 parameters of 16 x 768: clipped and fused, DJL's",
                    () -> fused.step(1e-3, 1),
                    () -> parameters.forEach((name, parameter) -> {
                        try (NDArray gradient = parameter.getGradient()) {
                            djl.update(name, parameter, gradient);
                        }
                    }));
        }
    }

    private static void both(NDManager manager, String what, Function<Kernels, NDArray> kernel) {
        compare(
                what,
                () -> train(() -> kernel.apply(Kernels.of(manager))),
                () -> train(() -> kernel.apply(Kernels.composed())));
    }

    private static void train(Supplier<NDArray> function) {
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            TorchAutograd.with(true, () -> {
                NDArray y = function.get();
                TorchAutograd.backward(y);
                return y;
            });
        }
    }

    private static void compare(String what, Runnable fast, Runnable composed) {
        double[] first = new double[ROUNDS];
        double[] second = new double[ROUNDS];
        time(fast);
        time(composed);
        for (int i = 0; i < ROUNDS; i++) {
            first[i] = time(fast);
            second[i] = time(composed);
        }
        System.out.printf("| %s | %s | %s |%n", what, summary(first), summary(second));
    }

    private static double time(Runnable work) {
        ThreadMXBean thread = ManagementFactory.getThreadMXBean();
        long start = thread.getCurrentThreadCpuTime();
        work.run();
        return (thread.getCurrentThreadCpuTime() - start) / 1e6;
    }

    private static String summary(double[] times) {
        Arrays.sort(times);
        return String.format("%.2f (%.2f)", times[times.length / 2], times[0]);
    }
}
