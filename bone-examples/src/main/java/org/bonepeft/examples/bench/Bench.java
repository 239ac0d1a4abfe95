package org.bonepeft.examples.bench;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import org.bonepeft.BoneException;
import org.bonepeft.djl.torch.TorchModule;
import org.bonepeft.tensor.DType;

/** What all benchmarks share. */
final class Bench {
    static final String ENGINE = "PyTorch";
    static final double MIB = 1 << 20;

    /** PyTorch's, unless a user asks for others. */
    static final int THREADS = 2;

    private static final int GEMM = 1024;
    private static final int GEMM_TIMES = 7;

    private Bench() {}

    /** Waits until the device has done what it was told. */
    static void synchronize(NDManager manager) {
        if (manager.getDevice().isGpu()) {
            try (NDArray one = manager.ones(new Shape(1))) {
                one.toFloatArray(); // comes back after all earlier work of the stream
            }
        }
    }

    /** Returns the element type of a name in the workloads. */
    static DType type(String name) {
        return switch (name) {
            case "float32" -> DType.F32;
            case "bfloat16" -> DType.BF16;
            default -> throw new BoneException("no element type " + name + " here; there are float32 and bfloat16");
        };
    }

    /** Returns the GFLOP/s of a float32 product of 1024 x 1024 matrices now, the median of seven. */
    static double gemm(Device device) {
        try (NDManager manager = NDManager.newBaseManager(device, ENGINE);
                TorchModule module = TorchModule.compile("""
                        def product(self: __torch__.M, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
                          return torch.mm(a, b, out=c)
                        """)) {
            NDArray a = manager.randomNormal(new Shape(GEMM, GEMM));
            NDArray b = manager.randomNormal(new Shape(GEMM, GEMM));
            NDArray c = manager.zeros(new Shape(GEMM, GEMM));
            double[] seconds = new double[GEMM_TIMES];
            for (int i = 0; i < seconds.length; i++) {
                synchronize(manager);
                long start = System.nanoTime();
                module.call("product", a, b, c).close();
                synchronize(manager);
                seconds[i] = (System.nanoTime() - start) / 1e9;
            }
            return 2.0 * GEMM * GEMM * GEMM / median(seconds) / 1e9;
        }
    }

    /** Returns the middle value, or the mean of the two middle ones. */
    static double median(double[] values) {
        double[] sorted = values.clone();
        java.util.Arrays.sort(sorted);
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }
}
