package org.bonepeft.examples.lm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bonepeft.BoneException;
import org.bonepeft.djl.AdaptedModel;
import org.bonepeft.djl.Adapters;
import org.bonepeft.djl.model.HfConfig;
import org.bonepeft.examples.options.RunOptions;
import org.bonepeft.examples.options.WeightOptions;
import org.bonepeft.peft.PeftAdapter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which model, and where it runs. */
public final class ModelOptions {
    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "Hugging Face folder of a LLaMA, Mistral, Qwen2 or RWKV-6 (default: the bundled mini LLaMA)")
    private @Nullable Path model;

    @Mixin
    private final WeightOptions weights = WeightOptions.float32();

    @Mixin
    private final RunOptions run = new RunOptions();

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

    /** Returns the seed. */
    public long seed() {
        return run.seed();
    }

    private int hiddenSize() throws IOException {
        if (!Files.exists(folder().resolve(HfConfig.FILE))) {
            return Integer.MAX_VALUE;
        }
        HfConfig config = HfConfig.read(folder());
        return config.count("hidden_size", config.count("n_embd", Integer.MAX_VALUE));
    }

    /**
     * Loads the model.
     *
     * @throws BoneException if an option or the folder does not fit
     * @throws IOException if a file cannot be read
     */
    public LanguageModel<?> load() throws IOException {
        return LanguageModel.load(folder(), run.start(hiddenSize()), weights.type());
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
