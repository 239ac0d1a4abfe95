package org.bonepeft.examples.options;

import ai.djl.Device;
import ai.djl.engine.Engine;
import org.bonepeft.BoneException;
import org.bonepeft.examples.Devices;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Where PyTorch runs. */
public class DeviceOptions {
    private static final String THREADS = "ai.djl.pytorch.num_threads";

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
            converter = Threads.Converter.class,
            description = "threads of PyTorch (default: ${DEFAULT-VALUE})")
    private Threads threads;

    /** Creates options with as many threads as suit the model, if none are asked for. */
    public DeviceOptions() {
        this(0);
    }

    /** Creates options with so many threads, if no other number is asked for. */
    public DeviceOptions(int threads) {
        this.threads = new Threads(threads);
    }

    /** Returns the device, which need not be there; a wrong option is a usage error. */
    public Device device() {
        try {
            return Devices.of(device);
        } catch (BoneException e) {
            throw new ParameterException(command.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }

    /** Returns the device by its name on the command line; a wrong one is a usage error. */
    public String name() {
        device();
        return device;
    }

    /** Returns the number of threads; 0 if that depends on the model. */
    public int threads() {
        return threads.number();
    }

    /**
     * Starts PyTorch for a model. DJL reads the number of threads when it loads the engine.
     *
     * @return the device
     * @throws BoneException if the device is not there
     */
    public Device start(int hiddenSize) {
        Device wanted = device();
        int number = threads.of(hiddenSize);
        if (number > 0 && System.getProperty(THREADS) == null) {
            System.setProperty(THREADS, Integer.toString(number));
        }
        int gpus = wanted.isGpu() ? Engine.getEngine("PyTorch").getGpuCount() : 0;
        if (wanted.isGpu() && wanted.getDeviceId() >= gpus) {
            throw new BoneException("--device gpu" + wanted.getDeviceId() + ": PyTorch sees " + gpus
                    + " GPUs here; --device cpu works everywhere");
        }
        return wanted;
    }
}
