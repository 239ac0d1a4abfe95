package org.bonepeft.examples.lm;

import ai.djl.Device;
import ai.djl.engine.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bonepeft.BoneException;
import org.bonepeft.djl.AdaptedModel;
import org.bonepeft.djl.Adapters;
import org.bonepeft.djl.model.HfConfig;
import org.bonepeft.peft.PeftAdapter;
import org.bonepeft.tensor.DType;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which model, and where it runs. */
public final class ModelOptions {
    private static final Pattern GPU = Pattern.compile("gpu(\\d{0,3})");
    private static final String THREADS = "ai.djl.pytorch.num_threads";
    private static final int SMALL = 256;

    /** The element types of weights. */
    enum Type {
        FLOAT32,
        BFLOAT16
    }

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "Hugging Face folder of a LLaMA, Mistral, Qwen2 or RWKV-6 (default: the bundled mini LLaMA)")
    private @Nullable Path model;

    @Option(
            names = "--dtype",
            paramLabel = "T",
            defaultValue = "float32",
            description = "float32 or bfloat16, of the frozen weights (default: ${DEFAULT-VALUE})")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private Type dtype;

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

    /** Returns the folder of what comes with the project. */
    public static Path bundled(String name) {
        return Path.of(System.getProperty("bone.root", ""))
                .resolve("src-test-data")
                .resolve(name);
    }

    /** Returns the model's folder. */
    public Path folder() {
        return model == null ? bundled("mini-llama") : model;
    }

    /** Returns whether it is the model that comes with the project. */
    public boolean isBundled() {
        return model == null;
    }

    /** Returns the seed. */
    public long seed() {
        return seed;
    }

    /** Returns the threads to use instead of the engine's own choice, or 0. */
    private int threads() throws IOException {
        if (threads != null) {
            return threads;
        }
        if (!Files.exists(folder().resolve(HfConfig.FILE))) {
            return 0;
        }
        HfConfig config = HfConfig.read(folder());
        return config.count("hidden_size", config.count("n_embd", SMALL)) <= SMALL ? 1 : 0;
    }

    /**
     * Loads the model.
     *
     * @throws BoneException if an option or the folder does not fit
     * @throws IOException if a file cannot be read
     */
    public LanguageModel<?> load() throws IOException {
        Matcher gpu = GPU.matcher(device);
        if (!device.equals("cpu") && !gpu.matches()) {
            throw new BoneException("--device must be cpu or gpu0, gpu1, ..., not " + device);
        }
        if (threads != null && threads < 1) {
            throw new BoneException("--threads must be 1 or more, not " + threads);
        }
        int wanted = threads();
        if (wanted > 0 && System.getProperty(THREADS) == null) {
            System.setProperty(THREADS, Integer.toString(wanted)); // read when the engine starts
        }
        int index = gpu.matches() && !gpu.group(1).isEmpty() ? Integer.parseInt(gpu.group(1)) : 0;
        int gpus = gpu.matches() ? Engine.getEngine("PyTorch").getGpuCount() : 0;
        if (gpu.matches() && index >= gpus) {
            throw new BoneException(
                    "--device " + device + ": PyTorch sees " + gpus + " GPUs here; --device cpu works everywhere");
        }
        return LanguageModel.load(
                folder(),
                gpu.matches() ? Device.gpu(index) : Device.cpu(),
                dtype == Type.BFLOAT16 ? DType.BF16 : DType.F32);
    }

    /** Loads the model with an adapter from a folder in PEFT's layout, merged into it. */
    public LanguageModel<?> load(@Nullable Path adapter) throws IOException {
        LanguageModel<?> language = load();
        if (adapter == null) {
            return language;
        }
        try {
            AdaptedModel adapted = Adapters.attach(language.model(), PeftAdapter.read(adapter), "default");
            adapted.merge(false);
            return language;
        } catch (Throwable e) {
            language.close();
            throw e;
        }
    }
}
