package org.bonepeft.examples.lm;

import ai.djl.Device;
import ai.djl.engine.Engine;
import org.bonepeft.BoneException;
import org.bonepeft.examples.Devices;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Where PyTorch runs, and how it draws. */
public final class DeviceOptions {
    private static final String THREADS = "ai.djl.pytorch.num_threads";
    private static final int SMALL = 256;

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec command;

    @Option(
            names = "--device",
            paramLabel = "D",
            defaultValue = "cpu",
            description = "cpu or gpu0, gpu1, ... (default: ${DEFAULT-VALUE})")
    @SuppressWarnings("NullAway.Init")
    private String device;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "threads of PyTorch (default: 1 for a hidden size up to 256, else one for each core)")
    private @Nullable Integer threads;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "default: ${DEFAULT-VALUE}")
    private long seed;

    /** Returns the seed. */
    public long seed() {
        return seed;
    }

    /** Returns the device, which need not be there; a wrong option is a usage error. */
    public Device device() {
        if (threads != null && threads < 1) {
            throw new ParameterException(command.commandLine(), "--threads must be 1 or more, not " + threads);
        }
        try {
            return Devices.of(device);
        } catch (BoneException e) {
            throw new ParameterException(command.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }

    /**
     * Starts PyTorch for a model. Its threads spin while they wait for each other: small products gain little from a
     * second one, and lose twentyfold where another program keeps the cores busy. DJL reads the property when it loads
     * the engine.
     *
     * @return the device
     * @throws BoneException if the device is not there
     */
    public Device start(int hiddenSize) {
        Device wanted = device();
        Integer number = threads == null && hiddenSize <= SMALL ? Integer.valueOf(1) : threads;
        if (number != null && System.getProperty(THREADS) == null) {
            System.setProperty(THREADS, number.toString());
        }
        int gpus = wanted.isGpu() ? Engine.getEngine("PyTorch").getGpuCount() : 0;
        if (wanted.isGpu() && wanted.getDeviceId() >= gpus) {
            throw new BoneException("--device gpu" + wanted.getDeviceId() + ": PyTorch sees " + gpus
                    + " GPUs here; --device cpu works everywhere");
        }
        return wanted;
    }
}
