package org.bonepeft.examples.lm;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.bonepeft.djl.model.CausalLm;
import org.bonepeft.djl.model.HfConfig;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.djl.model.llama.LlamaForCausalLm;
import org.bonepeft.djl.model.rwkv6.Rwkv6Config;
import org.bonepeft.djl.model.rwkv6.Rwkv6ForCausalLm;
import org.bonepeft.tensor.DType;

/**
 * A language model with its tokenizer, and the memory they take.
 *
 * @param <M> the model's class
 */
public final class LanguageModel<M extends ModelBlock & CausalLm> implements AutoCloseable {
    private final NDManager manager;
    private final M model;
    private final TextTokenizer tokenizer;
    private final Set<Long> ends;

    private LanguageModel(NDManager manager, M model, TextTokenizer tokenizer, Set<Long> ends) {
        this.manager = manager;
        this.model = model;
        this.tokenizer = tokenizer;
        this.ends = ends;
    }

    /**
     * Loads a Hugging Face folder; {@code model_type} in its {@code config.json} says which model it is. A folder with
     * {@value TextTokenizer#WORLD} and no {@code config.json} is an RWKV-6, as they are released.
     *
     * @param type of the weights, F32 or BF16
     * @throws org.bonepeft.BoneException if config, weights and tokenizer do not fit together
     * @throws IOException if a file cannot be read
     */
    public static LanguageModel<?> load(Path folder, Device device, DType type) throws IOException {
        // The one place that tells the models apart.
        return isRwkv6(folder) ? rwkv6(folder, device, type) : llama(folder, device, type);
    }

    private static boolean isRwkv6(Path folder) throws IOException {
        if (!Files.exists(folder.resolve(HfConfig.FILE))) {
            return Files.exists(folder.resolve(TextTokenizer.WORLD));
        }
        HfConfig config = HfConfig.read(folder);
        return config.text("model_type", config.text("architecture", "")).equals(Rwkv6Config.ARCHITECTURE);
    }

    private static LanguageModel<?> rwkv6(Path folder, Device device, DType type) throws IOException {
        Rwkv6Config config = Rwkv6Config.read(folder);
        TextTokenizer tokenizer = TextTokenizer.read(folder, config.vocabSize());
        return load(device, tokenizer, config.eosTokenIds(), manager -> Rwkv6ForCausalLm.load(folder, manager, type));
    }

    private static LanguageModel<?> llama(Path folder, Device device, DType type) throws IOException {
        HfConfig config = HfConfig.read(folder);
        TextTokenizer tokenizer = TextTokenizer.read(folder, config.count("vocab_size"));
        List<Integer> ends = config.indices("eos_token_id");
        return load(device, tokenizer, ends, manager -> LlamaForCausalLm.load(folder, manager, type));
    }

    private interface Loader<M> {
        M load(NDManager manager) throws IOException;
    }

    private static <M extends ModelBlock & CausalLm> LanguageModel<M> load(
            Device device, TextTokenizer tokenizer, List<Integer> ends, Loader<M> loader) throws IOException {
        NDManager manager = NDManager.newBaseManager(device, "PyTorch");
        try {
            Set<Long> ids = new LinkedHashSet<>();
            ends.forEach(id -> ids.add(id.longValue()));
            return new LanguageModel<>(manager, loader.load(manager), tokenizer, ids);
        } catch (Throwable e) {
            manager.close();
            tokenizer.close();
            throw e;
        }
    }

    /** Returns the model. */
    public M model() {
        return model;
    }

    /** Returns the tokenizer. */
    public TextTokenizer tokenizer() {
        return tokenizer;
    }

    /** Returns the tokens that end a text. */
    public Set<Long> ends() {
        return ends;
    }

    /** Returns the manager of the weights. */
    public NDManager manager() {
        return manager;
    }

    @Override
    public void close() {
        manager.close();
        tokenizer.close();
    }
}
