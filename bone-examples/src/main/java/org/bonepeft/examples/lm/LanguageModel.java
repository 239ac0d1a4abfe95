package org.bonepeft.examples.lm;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;
import org.bonepeft.djl.model.CausalLm;
import org.bonepeft.djl.model.HfConfig;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.djl.model.llama.LlamaForCausalLm;
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
     * Loads a Hugging Face folder; {@code model_type} in its {@code config.json} says which model it is.
     *
     * @param type of the weights, F32 or BF16
     * @throws org.bonepeft.BoneException if config, weights and tokenizer do not fit together
     * @throws IOException if a file cannot be read
     */
    public static LanguageModel<?> load(Path folder, Device device, DType type) throws IOException {
        HfConfig config = HfConfig.read(folder);
        TextTokenizer tokenizer = TextTokenizer.read(folder, config.count("vocab_size"));
        NDManager manager = NDManager.newBaseManager(device, "PyTorch");
        try {
            Set<Long> ends = new LinkedHashSet<>();
            config.indices("eos_token_id").forEach(id -> ends.add(id.longValue()));
            // The one place that tells the models apart.
            if (config.text("model_type", "").equals("rwkv6")) {
                return new LanguageModel<>(manager, Rwkv6ForCausalLm.load(folder, manager, type), tokenizer, ends);
            }
            return new LanguageModel<>(manager, LlamaForCausalLm.load(folder, manager, type), tokenizer, ends);
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
